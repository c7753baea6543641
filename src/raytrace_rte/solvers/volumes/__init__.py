"""Whole volumes: sweeps of tracks, and the Rosseland limit."""

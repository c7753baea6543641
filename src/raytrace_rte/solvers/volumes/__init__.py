"""Whole volumes: discrete ordinates, exact slabs, and the Rosseland limit."""

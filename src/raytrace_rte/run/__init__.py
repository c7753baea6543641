"""Reach: jobs that can be interrupted and go on."""

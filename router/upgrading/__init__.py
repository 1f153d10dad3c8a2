"""Pins moved along the catalog's successors, and what that changes for each task."""

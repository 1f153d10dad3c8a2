"""Linting: the runner and one reporter for each form of output."""

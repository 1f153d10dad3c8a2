"""Route Claude tasks by policy."""

"""Rules that judge linked tasks and texts, one a file."""

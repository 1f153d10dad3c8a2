"""Pages of what only the linter finds: faults of comments that suppress findings."""

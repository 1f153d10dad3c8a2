"""What changes for whom between two states of a policy root: `router diff`."""

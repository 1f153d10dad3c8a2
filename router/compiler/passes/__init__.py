"""The passes from a resolved document to tasks, one idea a file."""

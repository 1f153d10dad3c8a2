"""The pages of what the reader and the compiler find by themselves, one rule a file."""

"""The forms a report is given in, one a file; each is a function from findings to text."""

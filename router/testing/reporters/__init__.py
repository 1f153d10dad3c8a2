"""The forms a test report is given in, one a file; each is a function from a report to text."""

"""Fuzzing of what reads text from outside: the policy loader and the template layer."""

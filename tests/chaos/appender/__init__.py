"""A service whose jobs have an effect that can be counted: each appends a line to a file."""

MODULE = __name__
"""What `python -m` is told."""

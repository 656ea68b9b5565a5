"""A service whose jobs misbehave in every way that Python allows."""

MODULE = __name__
"""What `python -m` is told."""

"""The gateway's routes, one resource per file."""

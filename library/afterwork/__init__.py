"""Afterwork: answer now, work after, lose nothing."""

"""Stores that obstore speaks to: S3, Azure, Google Cloud Storage, and memory."""

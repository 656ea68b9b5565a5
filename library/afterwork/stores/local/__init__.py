"""A store that is a directory: objects are its files, and what a file cannot say of itself stands beside them."""

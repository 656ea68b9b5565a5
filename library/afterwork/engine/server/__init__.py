"""Redis itself: how it is reached, and whether it is what it must be."""

"""A service of one's own: its contract, its handler, its main."""

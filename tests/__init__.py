"""Everything that shows that Afterwork does what it promises."""

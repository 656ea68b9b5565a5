"""Whether what is promised of the jobs in a Redis holds: its settings, its scripts, its clock, its keys."""

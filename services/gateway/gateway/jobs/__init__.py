"""Jobs as the interface takes and shows them: bodies, queries, answers, event streams."""

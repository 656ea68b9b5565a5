"""Objects over HTTP: how they are addressed, described, sent and taken in."""

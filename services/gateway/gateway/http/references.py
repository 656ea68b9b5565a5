"""URI references (RFC 3986) of what was asked for."""

from urllib.parse import quote


def as_reference(path: str) -> str:
    """A decoded path as a URI reference (RFC 3986), which holds no control characters."""
    return quote(path, safe="/:@!$&'()*+,;=-._~")

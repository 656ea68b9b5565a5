"""Which requests have bodies of any size, that are used as they come in."""

from collections.abc import Mapping

OBJECTS = "/v1/objects/"


def is_streamed(scope: Mapping[str, object]) -> bool:
    """Whether this request's body has no limit, and may take as long as it does not stand still."""
    return scope["method"] == "PUT" and str(scope["path"]).startswith(OBJECTS)

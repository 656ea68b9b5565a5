"""What may be said of an object when it is written: the same for all stores, so that any can take it from any."""

import re
from collections.abc import Mapping

from afterwork.errors import BadParameter
from afterwork.stores.port import Traits

MAX_METADATA = 2048
"""Bytes of all names and values: the least that a store takes (S3)."""
_NAME = re.compile(r"[a-z][a-z0-9-]{0,63}")
_VALUE = re.compile(r"[!-~]([ -~]*[!-~])?")
_CONTENT_TYPE = re.compile(r"[!-~]+/[ -~]*[!-~]")


def usable_traits(traits: Traits) -> Traits:
    """The traits themselves. Raises BadParameter for what not every store could keep."""
    content_type = traits.content_type
    if content_type is not None and (len(content_type) > 255 or not _CONTENT_TYPE.fullmatch(content_type)):
        raise BadParameter("the content type is not of the form type/subtype in printable ASCII, 255 at most")
    _check_metadata(traits.metadata)
    return traits


def _check_metadata(metadata: Mapping[str, str]) -> None:
    for name, value in metadata.items():
        if not _NAME.fullmatch(name):
            raise BadParameter(
                f"metadata {name[:64]!r}: a name is a-z, 0-9 and -, begins with a letter, 64 at most"
            )
        if not _VALUE.fullmatch(value):
            raise BadParameter(
                f"metadata {name}: a value is printable ASCII and does not begin or end with a space"
            )
    if sum(len(name) + len(value) for name, value in metadata.items()) > MAX_METADATA:
        raise BadParameter(f"the metadata are more than {MAX_METADATA} bytes")

"""What HTTP headers say of an object, in both directions."""

import re
from collections.abc import Mapping
from email.utils import format_datetime
from urllib.parse import quote

from starlette.datastructures import Headers

from afterwork.contracts.objects import Tier
from afterwork.errors import BadParameter
from afterwork.stores import ObjectInfo, Traits

METADATA = "afterwork-meta-"
OURS = "afterwork-"
"""How metadata begin that the services write themselves, and believe in part."""
TIER = "afterwork-tier"
ANY_TYPE = "application/octet-stream"
_SAYABLE = re.compile(r"[!-~]([ -~]*[!-~])?")
_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")


def traits_from(headers: Headers) -> Traits:
    """What a request says of the object that it brings. Raises BadParameter."""
    metadata: dict[str, str] = {}
    for name, value in headers.items():
        if name.startswith(METADATA):
            if name in metadata:
                raise BadParameter(f"{name}: give one value")
            if name.startswith(OURS, len(METADATA)):
                raise BadParameter(f"{name}: names that begin with {OURS} are the services' own")
            metadata[name] = value
    return Traits(
        headers.get("content-type"),
        {name.removeprefix(METADATA): value for name, value in metadata.items()},
        _tier(headers.get(TIER)),
    )


def tag(info: ObjectInfo) -> str:
    """The `ETag` of an object."""
    return f'"{info.etag}"'


def describing(info: ObjectInfo) -> dict[str, str]:
    """What an answer says of an object, whatever part of it is sent.

    Nothing in it runs in a browser: not as another type than it says, not as a page of ours (`sandbox`).
    """
    content_type = info.content_type or ANY_TYPE
    return {
        "Accept-Ranges": "bytes",
        "Cache-Control": "no-cache",
        "Content-Disposition": f"attachment; filename*=UTF-8''{quote(info.key.rpartition('/')[2], safe='')}",
        "Content-Security-Policy": "sandbox; default-src 'none'",
        "Content-Type": content_type if _SAYABLE.fullmatch(content_type) else ANY_TYPE,
        "ETag": tag(info),
        "Last-Modified": format_datetime(info.modified_at.replace(microsecond=0), usegmt=True),
        "X-Content-Type-Options": "nosniff",
        **({TIER.title(): info.tier} if info.tier is not None else {}),
        **_told(info.metadata),
    }


def _told(metadata: Mapping[str, str]) -> dict[str, str]:
    """Objects that others wrote may have metadata that no header can hold; those are left out."""
    return {
        f"{METADATA}{name}".title(): value
        for name, value in metadata.items()
        if _TOKEN.fullmatch(name) and _SAYABLE.fullmatch(value)
    }


def _tier(value: str | None) -> Tier | None:
    if value is None:
        return None
    try:
        return Tier(value.strip().lower())
    except ValueError as error:
        raise BadParameter(f"Afterwork-Tier: is none of {', '.join(Tier)}") from error

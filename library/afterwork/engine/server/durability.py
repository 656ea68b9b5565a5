"""What a server's confirmation of a write is worth, read from its own settings."""

from collections.abc import Mapping, Sequence

from afterwork.contracts import Durability

SETTINGS = ("appendonly", "appendfsync", "no-appendfsync-on-rewrite", "maxmemory", "maxmemory-policy")
"""What `CONFIG GET` is asked for."""

_RANK = (
    Durability.MEMORY,
    Durability.UNKNOWN,
    Durability.EVERYSEC,
    Durability.FSYNC,
    Durability.REPLICA,
)


def durability_of(config: Mapping[str, str]) -> Durability:
    """From the server's SETTINGS; none of them if it does not tell.

    `unknown` also where the settings promise nothing: no fsync, or one that pauses while the file is rewritten, or
    an eviction policy that may delete a job at any time.
    """
    if config.get("appendonly") == "no":
        return Durability.MEMORY
    if is_evicting(config) or config.get("no-appendfsync-on-rewrite") == "yes":
        return Durability.UNKNOWN
    match config.get("appendfsync"):
        case "always":
            return Durability.FSYNC
        case "everysec":
            return Durability.EVERYSEC
        case _:
            return Durability.UNKNOWN


def is_evicting(config: Mapping[str, str]) -> bool:
    """Whether jobs may be deleted when memory is full."""
    return config.get("maxmemory", "0") != "0" and config.get("maxmemory-policy", "").startswith("allkeys-")


def lesser(one: Durability, other: Durability) -> Durability:
    """The one that promises less."""
    return min(one, other, key=_RANK.index)


def settings_from(reply: Sequence[bytes]) -> dict[str, str]:
    """The reply to `CONFIG GET`, names and values in turn, as a mapping."""
    texts = [part.decode(errors="replace") for part in reply]
    return dict(zip(texts[::2], texts[1::2], strict=True))

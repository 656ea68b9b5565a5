"""What a server is asked about itself, and its replies as values."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from afterwork.engine import keys, scripts
from afterwork.engine.server.durability import SETTINGS, settings_from

SECTIONS = ("server", "memory", "persistence", "replication")
Reply = object | Exception
"""What the server answered to one command; an error it refused it with counts as an answer."""


@dataclass(frozen=True, slots=True)
class Answers:
    """What a server said. info: of SECTIONS, empty if refused. config: of `durability.SETTINGS`, empty if refused.

    refusal: why a script could not write, or changes of jobs not be heard of; None if all that is possible.
    """

    info: Mapping[str, str | int]
    config: Mapping[str, str]
    refusal: Exception | None = None


def questions() -> list[tuple[scripts.Argument, ...]]:
    """The commands, to be sent together over a connection of their own, which only listens after the last.

    INFO section by section, because an old server takes no more than one.
    """
    return [
        *(("INFO", section) for section in SECTIONS),
        ("CONFIG", "GET", *SETTINGS),
        ("EVAL", scripts.script("writable").body, 0),
        ("SUBSCRIBE", f"{keys.CHANGED}nobody", f"{keys.CONTROL}nobody"),
    ]


def answers_from(replies: Sequence[Reply]) -> Answers:
    """What the replies to `questions` mean."""
    *sections, config, writable, subscribed = replies
    refusals = [reply for reply in (writable, subscribed) if isinstance(reply, Exception)]
    return Answers(
        info_from(sections),
        settings_from(config) if isinstance(config, list) else {},
        refusals[0] if refusals else None,
    )


def info_from(sections: Sequence[Reply]) -> dict[str, str | int]:
    """What the replies to INFO say, those that were not refused."""
    return dict(pair for section in sections if isinstance(section, bytes) for pair in _pairs(section))


def _pairs(section: bytes) -> Iterator[tuple[str, str | int]]:
    for line in section.decode(errors="replace").splitlines():
        name, colon, value = line.partition(":")
        if colon:
            yield name, int(value) if value.isdecimal() else value

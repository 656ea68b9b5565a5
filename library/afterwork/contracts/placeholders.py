"""Places in the payload of a follow-up that are filled in when the job before it has succeeded: `{result.a.0}`."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated

from pydantic import AfterValidator, JsonValue, ValidationError
from pydantic_core import InitErrorDetails, PydanticCustomError, to_json

_PART = re.compile(r"(?P<text>(?:[^{}]+|\{\{|\}\})+)|\{(?P<name>[^{}]*)\}|[{}]")
_NAME = re.compile(r"job\.id|result(\.[^.{}]+)*")
_INDEX = re.compile(r"0|[1-9][0-9]{0,8}")
_MAX_FAULTS = 50
"""Malformed placeholders that are told of one payload."""
_SHOWN = 80
"""Characters of a malformed placeholder that are told."""

Path = tuple[str | int, ...]
"""Object keys and array indexes that lead to a place."""


class Unfillable(Exception):
    """A placeholder has no value that could stand in its place; the text names it."""


@dataclass(frozen=True, slots=True)
class Placeholder:
    """name: as it stands between the braces."""

    name: str

    def __str__(self) -> str:
        return f"{{{self.name}}}"


@dataclass(frozen=True, slots=True)
class Sources:
    """What placeholders stand for: the job that has succeeded, and what it returned."""

    job_id: str
    result: JsonValue

    def value(self, placeholder: Placeholder) -> JsonValue:
        """What it stands for. Raises Unfillable if the result has no such place."""
        if placeholder.name == "job.id":
            return self.job_id
        here = self.result
        reached = "result"
        for step in placeholder.name.split(".")[1:]:
            match here:
                case dict() if step in here:
                    here = here[step]
                case list() if _INDEX.fullmatch(step) and int(step) < len(here):
                    here = here[int(step)]
                case _:
                    raise Unfillable(f"{placeholder}: {reached} {_lack(here, step)}")
            reached = f"{reached}.{step}"
        return here


def parts_of(text: str) -> Iterator[str | Placeholder]:
    """The text taken apart, `{{` and `}}` as the braces that they mean. Raises ValueError for a malformed one."""
    for part in _PART.finditer(text):
        text, name = part["text"], part["name"]
        if text is not None:
            yield text.replace("{{", "{").replace("}}", "}")
        elif name is not None and _NAME.fullmatch(name):
            yield Placeholder(name)
        else:
            shown = part[0][:_SHOWN]
            raise ValueError(
                f"{shown!r} is no placeholder: write {{result}}, {{result.…}} or {{job.id}}, and a brace twice"
            )


def has_placeholders(value: JsonValue) -> bool:
    """Whether any is in the value, at whatever depth. Raises ValueError for a malformed one."""
    return any(isinstance(part, Placeholder) for _, text in _braced(value) for part in parts_of(text))


def fill(payload: Mapping[str, JsonValue], sources: Sources, *, room: int) -> dict[str, JsonValue]:
    """The payload with all placeholders filled in; nothing that is filled in is looked at again.

    A text that is one placeholder becomes its value, whatever that is; within a longer text strings, numbers, true
    and false are written out. room: bytes of JSON that may be filled in. Raises Unfillable.
    """
    filling = _Filling(sources, room)
    return {name: filling.value(value) if _has_braces(value) else value for name, value in payload.items()}


class _Filling:
    """One payload's. The room is kept account of, because a small payload can name a large result many times."""

    def __init__(self, sources: Sources, room: int) -> None:
        self._sources = sources
        self._room = room

    def value(self, template: JsonValue) -> JsonValue:
        match template:
            case str():
                return self._text(template)
            case list():
                return [self.value(item) for item in template]
            case dict():
                return {name: self.value(item) for name, item in template.items()}
            case _:
                return template

    def _text(self, template: str) -> JsonValue:
        match list(parts_of(template)):
            case [Placeholder() as only]:
                return self._insert(only)
            case parts:
                return "".join(part if isinstance(part, str) else self._written(part) for part in parts)

    def _written(self, placeholder: Placeholder) -> str:
        match value := self._insert(placeholder):
            case str():
                return value
            case bool() | int() | float():
                return json.dumps(value)
            case _:
                raise Unfillable(f"{placeholder} is {_name_of(value)}, which cannot stand within a text")

    def _insert(self, placeholder: Placeholder) -> JsonValue:
        value = self._sources.value(placeholder)
        self._room -= len(to_json(value))
        if self._room < 0:
            raise Unfillable(f"{placeholder}: with its value, what is filled in becomes too large")
        return value


def _checked(payload: dict[str, JsonValue]) -> dict[str, JsonValue]:
    faults: list[InitErrorDetails] = []
    for path, text in _braced(payload):
        try:
            list(parts_of(text))
        except ValueError as error:
            kind = PydanticCustomError("placeholder", "{fault}", {"fault": str(error)})
            faults.append(InitErrorDetails(type=kind, loc=path, input=text))
        if len(faults) == _MAX_FAULTS:
            break
    if faults:
        raise ValidationError.from_exception_data("payload", faults)
    return payload


Template = Annotated[dict[str, JsonValue], AfterValidator(_checked)]
"""A payload with placeholders in its strings, none of them malformed."""


def _braced(value: JsonValue, path: Path = ()) -> Iterator[tuple[Path, str]]:
    """Every string with a brace in it, and where it is. Payloads can have hundreds of thousands without one."""
    items: Iterable[tuple[str | int, JsonValue]] = ()
    match value:
        case str() if "{" in value or "}" in value:
            yield path, value
        case list():
            items = enumerate(value)
        case dict():
            items = value.items()
    for name, item in items:
        if isinstance(item, list | dict) or (isinstance(item, str) and ("{" in item or "}" in item)):
            yield from _braced(item, (*path, name))


def _has_braces(value: JsonValue) -> bool:
    return next(_braced(value), None) is not None


def _lack(value: JsonValue, step: str) -> str:
    match value:
        case dict():
            return f"has no {step!r}"
        case list():
            return f"has {len(value)} items, none of them number {step!r}"
        case _:
            return f"is {_name_of(value)} and has no {step!r}"


def _name_of(value: JsonValue) -> str:
    match value:
        case None:
            return "null"
        case dict():
            return "an object"
        case list():
            return "an array"
        case str():
            return "a string"
        case bool():
            return json.dumps(value)
        case _:
            return "a number"

"""Conditions on the bodies of documents: fields at dotted paths that have one of some values."""

import re
import sys
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, and_, false, func, literal, or_, true, type_coerce
from sqlalchemy.dialects.postgresql import JSONB

from afterwork.documents.table import DOCUMENTS

Scalar = str | int | float | bool | None
Where = Mapping[str, Scalar | Sequence[Scalar]]
"""Dotted path → the value there, or several of which it has to be one: `{"metadata.format": "JPEG"}`."""

MAX_DEPTH = 8
_PATH = re.compile(rf"[A-Za-z_][\w-]*(\.[A-Za-z_][\w-]*){{0,{MAX_DEPTH - 1}}}", re.ASCII)
_LARGEST = 2**63 - 1
_LARGEST_NUMBER = int(sys.float_info.max)
_BODY = DOCUMENTS.c.body


def condition(where: Where, *, is_file: bool) -> ColumnElement[bool]:
    """All of `where` as SQL, of SQLite (`is_file`) or of PostgreSQL. Raises ValueError for a path that cannot be."""
    return and_(
        true(),
        *(
            or_(false(), *(_equals(_segments(path), value, is_file=is_file) for value in _values(wanted)))
            for path, wanted in where.items()
        ),
    )


def _segments(path: str) -> list[str]:
    if not _PATH.fullmatch(path):
        raise ValueError(f"{path!r} is no path of names joined by dots, at most {MAX_DEPTH} of them")
    return path.split(".")


def _values(wanted: Scalar | Sequence[Scalar]) -> Sequence[Scalar]:
    return [wanted] if isinstance(wanted, str) or not isinstance(wanted, Sequence) else wanted


def _equals(segments: list[str], value: Scalar, *, is_file: bool) -> ColumnElement[bool]:
    if isinstance(value, int) and abs(value) > _LARGEST_NUMBER:
        return false()  # beyond what either database can compare
    return (_equals_in_file if is_file else _equals_on_server)(segments, value)


def _equals_in_file(segments: list[str], value: Scalar) -> ColumnElement[bool]:
    path = "$" + "".join(f'."{segment}"' for segment in segments)
    kind, found = func.json_type(_BODY, path), func.json_extract(_BODY, path)
    match value:
        case None:
            return kind == "null"
        case bool():
            return kind == ("true" if value else "false")
        case str():
            return and_(kind == "text", found == value)
        case int() if abs(value) > _LARGEST:
            return and_(kind.in_(["integer", "real"]), found == float(value))
        case _:
            return and_(kind.in_(["integer", "real"]), found == value)


def _equals_on_server(segments: list[str], value: Scalar) -> ColumnElement[bool]:
    if isinstance(value, str) and "\0" in value:
        return false()  # no document has it, and PostgreSQL refuses it
    nested: Any = value  # Any: an object of objects
    for segment in reversed(segments):
        nested = {segment: nested}
    return type_coerce(_BODY, JSONB).contains(literal(nested, JSONB))

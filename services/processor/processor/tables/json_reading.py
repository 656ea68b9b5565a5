"""Records as a table: from the job itself, from a JSON array, or from NDJSON."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path

import pyarrow as pa
from pydantic import JsonValue
from pydantic_core import from_json, to_json

from afterwork import errors
from afterwork.expressions import ValueKind
from afterwork.expressions.kinds import common
from processor.tables.columns import kind_of
from processor.tables.findings import Findings
from processor.tables.names import MAX_COLUMNS, column_names

AT_ONCE = 10_000
"""Records that stand in memory as Python objects at a time."""

Record = Mapping[str, JsonValue]


def read_records(records: Iterable[Record], findings: Findings, *, unit: str = "row") -> pa.Table:
    """A column for each name that occurs, in the order in which they first do; what a record lacks is null.

    A list or an object within a record becomes its JSON text. unit: how a record is called in errors. Raises
    InputInvalid with the number of the record for values of different kinds in one column.
    """
    columns = _Columns(unit)
    waiting = iter(records)
    tables = []
    while some := list(islice(waiting, AT_ONCE)):
        tables.append(columns.table(some))
    if not tables:
        return pa.table({})
    if not columns.kinds:
        raise errors.InputInvalid("none of the records has any value")
    table = pa.concat_tables(tables, promote_options="permissive")
    return table.rename_columns(column_names(table.column_names, findings))


def ndjson_records(path: Path) -> Iterator[Record]:
    """The object on each line; empty lines do not count. Raises InputInvalid with the number of the line."""
    with path.open("rb") as file:
        for number, line in enumerate(file, start=1):
            if not line.isspace():
                yield _record(_parsed(line, f"line {number}"), f"line {number}")


def json_records(path: Path) -> Iterator[Record]:
    """The objects of an array. Raises InputInvalid with the number of what is none."""
    found = _parsed(path.read_bytes(), "the object")
    if not isinstance(found, list):
        raise errors.InputInvalid("the object is no JSON array of objects")
    for number, record in enumerate(found, start=1):
        yield _record(record, f"row {number}")


def _parsed(text: bytes, where: str) -> JsonValue:
    try:
        found: JsonValue = from_json(text, allow_inf_nan=False, cache_strings="keys")
    except ValueError as error:
        raise errors.InputInvalid(f"{where} is no JSON: {error}") from None
    return found


def _record(value: JsonValue, where: str) -> Record:
    if not isinstance(value, dict):
        raise errors.InputInvalid(f"{where} is no JSON object")
    return value


class _Columns:
    """What is known of the columns so far. kinds: of each, by its name."""

    def __init__(self, unit: str) -> None:
        self.kinds: dict[str, ValueKind] = {}
        self._unit = unit
        self._done = 0

    def table(self, records: Sequence[Record]) -> pa.Table:
        """The next records."""
        names = list(dict.fromkeys(name for record in records for name in record))
        if len(self.kinds.keys() | set(names)) > MAX_COLUMNS:
            raise errors.InputInvalid(f"the records have more than {MAX_COLUMNS:,} different names")
        table = pa.table(
            {name: self._column(name, [record.get(name) for record in records]) for name in names}
        )
        self._done += len(records)
        return table

    def _column(self, name: str, found: list[JsonValue]) -> pa.Array:
        values = [_plain(value) for value in found]
        before = self.kinds.get(name, ValueKind.NULL)
        try:
            column = pa.array(values)
        except (pa.ArrowInvalid, pa.ArrowTypeError, OverflowError):
            raise self._misfit(name, values, before) from None
        together = common(before, kind_of(column.type))
        if together is None:
            raise self._misfit(name, values, before)
        self.kinds[name] = together
        return column.cast(pa.large_string()) if pa.types.is_string(column.type) else column

    def _misfit(
        self, name: str, values: Sequence[str | float | None], kind: ValueKind
    ) -> errors.InputInvalid:
        """The first value that does not go with those before it."""
        for number, value in enumerate(values, start=self._done + 1):
            found = _kind(value)
            together = common(kind, found)
            where = f"{self._unit} {number}: {name!r}"
            if found is ValueKind.OTHER:
                return errors.InputInvalid(f"{where} is beyond 64-bit integers; write it as a text")
            if together is None:
                return errors.InputInvalid(f"{where} is {found}, but {kind} in what comes before")
            kind = together
        return errors.InputInvalid(f"{name!r} has integers that are no exact numbers, beside numbers")


def _plain(value: JsonValue) -> str | float | bool | None:
    return to_json(value).decode() if isinstance(value, dict | list) else value


def _kind(value: str | float | None) -> ValueKind:
    match value:
        case None:
            return ValueKind.NULL
        case bool():
            return ValueKind.BOOLEAN
        case int():
            return ValueKind.INTEGER if -(2**63) <= value < 2**63 else ValueKind.OTHER
        case float():
            return ValueKind.NUMBER
        case _:
            return ValueKind.TEXT

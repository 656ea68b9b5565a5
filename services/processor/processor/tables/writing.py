"""From a table to a file, the same bytes for the same table every time."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, BinaryIO

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet
from pydantic import JsonValue
from pydantic_core import to_json, to_jsonable_python

from afterwork.contracts.tables import TableFormat
from afterwork.expressions import ValueKind
from processor.tables.columns import Values, kind_of, usable
from processor.tables.conversions import as_text, joined

AT_ONCE = 20_000
"""Rows that are written at a time."""
_AS_TEXT = (ValueKind.DATE, ValueKind.TIMESTAMP)

CONTENT_TYPES: Mapping[TableFormat, str] = {
    TableFormat.CSV: "text/csv; charset=utf-8",
    TableFormat.TSV: "text/tab-separated-values; charset=utf-8",
    TableFormat.JSON: "application/json",
    TableFormat.NDJSON: "application/x-ndjson",
    TableFormat.PARQUET: "application/vnd.apache.parquet",
}


def write(table: pa.Table, form: TableFormat, path: Path) -> None:
    """Write the table to a file."""
    match form:
        case TableFormat.PARQUET:
            pyarrow.parquet.write_table(table.replace_schema_metadata(None), path, compression="zstd")
        case TableFormat.CSV | TableFormat.TSV:
            with path.open("wb") as file:
                _write_csv(table, "," if form is TableFormat.CSV else "\t", file)
        case TableFormat.NDJSON:
            with path.open("wb") as file:
                file.writelines(to_json(row) + b"\n" for row in json_rows(table))
        case TableFormat.JSON:
            with path.open("wb") as file:
                _write_array(table, file)


def json_rows(table: pa.Table) -> Iterator[dict[str, JsonValue]]:
    """Each row as JSON has it: dates and timestamps as texts, no NaN, bytes in Base64."""
    for part in _parts(table):
        columns = {name: _jsonable(part[name]) for name in part.column_names}
        for place in range(part.num_rows):
            yield {name: values[place] for name, values in columns.items()}


def _write_array(table: pa.Table, file: BinaryIO) -> None:
    before = b"["
    for row in json_rows(table):
        file.write(before + b"\n" + to_json(row))
        before = b","
    file.write(b"\n]\n" if before == b"," else b"[]\n")


def _write_csv(table: pa.Table, delimiter: str, file: BinaryIO) -> None:
    header = [_quoted(pa.scalar(name, pa.large_string()), delimiter).as_py() for name in table.column_names]
    file.write((delimiter.join(header) + "\n").encode())
    for part in _parts(table):
        fields = [
            _fields(part[name], delimiter, is_alone=part.num_columns == 1) for name in part.column_names
        ]
        lines = pc.binary_join_element_wise(*fields, pa.scalar(delimiter, pa.large_string()))
        file.writelines(line.encode() + b"\n" for line in lines.to_pylist())


def _fields(values: Values, delimiter: str, *, is_alone: bool) -> Values:
    """As they stand in the file. Null is nothing at all, an empty text is `""`.

    is_alone: of the only column, where nothing at all would be no row either.
    """
    kind = kind_of(values.type)
    if kind is ValueKind.OTHER:
        texts = pa.array(
            [None if v is None else to_json(v).decode() for v in _jsonable(values)], pa.large_string()
        )
    else:
        texts = as_text(usable(values))
    if kind in {ValueKind.OTHER, ValueKind.TEXT}:
        texts = _quoted(texts, delimiter)
    return pc.fill_null(texts, '""' if is_alone else "")


def _quoted(texts: Values, delimiter: str) -> Values:
    mark = pa.scalar('"', pa.large_string())
    escaped = joined(mark, pc.replace_substring(texts, '"', '""'), mark)
    needs = pc.match_substring_regex(texts, rf'^$|^[ \t]|[ \t]$|["\r\n{delimiter}]')
    return pc.if_else(needs, escaped, texts)


def _jsonable(values: Values) -> list[Any]:  # any JSON value
    kind = kind_of(values.type)
    if kind is ValueKind.OTHER:
        options: dict[str, Any] = {"bytes_mode": "base64", "inf_nan_mode": "null", "fallback": str}
        return [to_jsonable_python(value, **options) for value in values.to_pylist()]
    values = as_text(usable(values)) if kind in _AS_TEXT else usable(values)
    if kind is ValueKind.NUMBER:
        values = pc.if_else(pc.is_finite(values), values, pa.scalar(None, pa.float64()))
    found: list[Any] = values.to_pylist()
    return found


def _parts(table: pa.Table) -> Iterator[pa.Table]:
    for start in range(0, table.num_rows, AT_ONCE):
        yield table.slice(start, AT_ONCE)

"""CSV and TSV as a table (RFC 4180): rows of the same length, or an error that names the row."""

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.csv

from afterwork import errors
from afterwork.contracts.tables import ObjectSource, TableFormat, format_of
from processor.tables.findings import Findings
from processor.tables.inference import inferred
from processor.tables.names import column_names
from processor.tables.text_files import TextFile

MAX_ROW = 8 * 2**20
"""Bytes of a row."""


def read_csv(file: TextFile, source: ObjectSource, findings: Findings) -> pa.Table:
    """The table in a file. Raises InputInvalid that names the row and the line of what is wrong."""
    if file.is_blank:
        raise errors.InputInvalid("the object is empty: there is not even a row of column names")
    sheet = _Sheet(file.path, _delimiter(source))
    if file.quotes % 2:
        sheet.refuse_open_quote()
    begin = sheet.begin()
    if source.header:
        names = column_names([name.strip() for name in begin.fields], findings)
    else:
        names = column_names([f"column_{place}" for place in range(1, len(begin.fields) + 1)], findings)
    if source.header and not begin.has_more:
        return pa.table({name: pa.nulls(0) for name in names})
    skipped = begin.blank_rows + 1 if source.header else 0
    table = sheet.read(names, skipped, source.nulls)
    return pa.table({name: inferred(table[name]) for name in names}) if source.infer_types else table


def _delimiter(source: ObjectSource) -> str:
    if source.delimiter is not None:
        return source.delimiter
    return "\t" if format_of(source.object, source.format) is TableFormat.TSV else ","


@dataclass(frozen=True, slots=True)
class _Begin:
    """The first row that has anything. blank_rows: before it. has_more: whether there is another one."""

    fields: list[str]
    blank_rows: int
    has_more: bool


@dataclass(frozen=True, slots=True)
class _Sheet:
    path: Path
    delimiter: str

    def begin(self) -> _Begin:
        rows = self._rows()
        for blank_rows, (fields, _) in enumerate(rows):
            if fields:
                return _Begin(fields, blank_rows, any(fields for fields, _ in rows))
        raise errors.InputInvalid("the object is empty: there is not even a row of column names")

    def read(self, names: list[str], skipped: int, nulls: list[str]) -> pa.Table:
        """All columns as texts."""
        try:
            return pyarrow.csv.read_csv(
                self.path,
                pyarrow.csv.ReadOptions(
                    use_threads=False,
                    block_size=min(MAX_ROW, self.path.stat().st_size + 1),
                    column_names=names,
                    skip_rows_after_names=skipped,
                ),
                pyarrow.csv.ParseOptions(delimiter=self.delimiter, newlines_in_values=True),
                pyarrow.csv.ConvertOptions(
                    check_utf8=False,
                    column_types=dict.fromkeys(names, pa.large_string()),
                    null_values=["", *nulls],
                    strings_can_be_null=True,
                    quoted_strings_can_be_null=False,
                ),
            )
        except pa.ArrowInvalid as error:
            self._refuse_ragged(len(names), has_header=skipped > 0)
            raise errors.InputInvalid(f"the object is no CSV: {error}") from None

    def refuse_open_quote(self) -> None:
        """Raises InputInvalid if the last quote is never closed, which would swallow the rest of the file."""
        for _ in self._rows():
            pass

    def _refuse_ragged(self, width: int, *, has_header: bool) -> None:
        number = -has_header
        for fields, line in self._rows():
            number += bool(fields)
            if fields and len(fields) != width:
                fact = f"has {len(fields)} fields, but there are {width} columns"
                raise errors.InputInvalid(f"row {number} (ending at line {line}) {fact}")

    def _rows(self) -> Iterator[tuple[list[str], int]]:
        """Each row with the line on which it ends. Slow: for the beginning, and for what is wrong."""
        csv.field_size_limit(MAX_ROW)
        line = 0
        with self.path.open(encoding="utf-8", newline="") as file:
            reader = csv.reader(file, delimiter=self.delimiter, strict=True)
            try:
                for fields in reader:
                    line = reader.line_num
                    yield fields, line
            except csv.Error as error:
                raise errors.InputInvalid(f"the row that begins at line {line + 1}: {error}") from None

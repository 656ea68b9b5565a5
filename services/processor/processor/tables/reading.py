"""From what a job names as its source to a table."""

from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet

from afterwork import errors
from afterwork.contracts.tables import ObjectSource, RecordSource, TableFormat, format_of
from processor.tables.csv_reading import read_csv
from processor.tables.findings import Findings
from processor.tables.json_reading import json_records, ndjson_records, read_records
from processor.tables.names import column_names
from processor.tables.text_files import as_utf8


def read(source: RecordSource | ObjectSource, file: Path, scratch: Path, findings: Findings) -> pa.Table:
    """The table. file: the content of the object, if it is one. scratch: a directory for a file in between.

    Raises InputInvalid for what cannot be read, with its place.
    """
    if isinstance(source, RecordSource):
        return read_records(source.records, findings)
    form = format_of(source.object, source.format)
    if form is TableFormat.PARQUET:
        return read_parquet(file, findings)
    text = as_utf8(file, source.encoding, scratch)
    if form is TableFormat.JSON:
        return read_records(json_records(text.path), findings)
    if form is TableFormat.NDJSON:
        return read_records(ndjson_records(text.path), findings)
    return read_csv(text, source, findings)


def read_parquet(file: Path, findings: Findings) -> pa.Table:
    """The table in a Parquet file; NaN becomes null, which is what pandas takes it for."""
    try:
        with pyarrow.parquet.ParquetFile(file) as parquet:
            names = column_names(parquet.schema_arrow.names, findings)
            table = parquet.read(use_threads=False).rename_columns(names)
    except MemoryError:  # Arrow's own is an ArrowException too
        raise
    except (pa.ArrowException, OSError) as error:
        raise errors.InputInvalid(f"the object is no Parquet that can be read: {error}") from None
    return pa.table({name: _without_nan(table[name]) for name in names})


def _without_nan(column: pa.ChunkedArray) -> pa.ChunkedArray:
    if not pa.types.is_floating(column.type) or not pc.any(pc.is_nan(column)).as_py():
        return column
    return pc.if_else(pc.is_nan(column), pa.scalar(None, column.type), column)

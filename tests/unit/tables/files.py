"""Tables as files for tests, read and written as a job does it."""

from pathlib import Path
from typing import Any

import pyarrow as pa

from afterwork.contracts.tables import ObjectSource, RecordSource, TableFormat
from processor.tables.findings import Findings
from processor.tables.reading import read
from processor.tables.writing import write


def table_of(
    content: bytes | str, folder: Path, findings: Findings | None = None, **source: object
) -> pa.Table:
    """The table that a file with this content is. source: what is said of it."""
    file = folder / "source"
    file.write_bytes(content.encode() if isinstance(content, str) else content)
    described = ObjectSource.model_validate({"object": "inbox/x.csv", **source})
    return read(described, file, folder, findings or Findings())


def records_of(records: list[dict[str, Any]], folder: Path) -> pa.Table:
    """The table of records that stand in a job."""
    return read(RecordSource(records=records), folder / "none", folder, Findings())


def written(table: pa.Table, form: TableFormat, folder: Path) -> bytes:
    """The file that is made of a table."""
    path = folder / "output"
    write(table, form, path)
    return path.read_bytes()

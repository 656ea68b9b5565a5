"""A table job from file to file, as it runs in a child process."""

import hashlib
import resource
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
from pydantic import JsonValue
from pydantic_core import to_json

from afterwork import errors
from afterwork.contracts.tables import (
    InlineOutput,
    ObjectOutput,
    ProcessTable,
    TableColumn,
    TableResult,
    WrittenObject,
    format_of,
)
from afterwork.sandbox import report_progress
from processor.tables.columns import frame_of, kinds_of, table_of
from processor.tables.findings import Findings
from processor.tables.reading import read
from processor.tables.steps import apply
from processor.tables.writing import json_rows, write

PREVIEW_ROWS = 20
PREVIEW_BYTES = 64 * 2**10
PREVIEW_TEXT = 200
"""Characters of a text that are shown in a preview."""
MAX_INLINE = 2**20 - 2**17
"""Bytes of the rows of a result as JSON; the rest of its 1 MiB is for what else it says."""

OnProgress = Callable[[int, int, str], None]


@dataclass(frozen=True, slots=True)
class Folder:
    """Where the files of a job are: a directory that is its own."""

    path: Path

    @property
    def source(self) -> Path:
        """The content of the source's object."""
        return self.path / "source"

    @property
    def output(self) -> Path:
        """What is to become the output's object."""
        return self.path / "output"


def process(job: ProcessTable, folder: Folder, on_progress: OnProgress = lambda *_: None) -> TableResult:
    """Read, take through the steps, and write to `folder.output` unless the rows are wanted inline.

    on_progress: is told steps done, steps in all, and what comes next. Raises InputInvalid.
    """
    began = time.perf_counter()
    findings = Findings()
    total = len(job.steps) + 2
    on_progress(0, total, "reading")
    frame = frame_of(read(job.source, folder.source, folder.path, findings))
    rows_in = len(frame)
    on_progress(1, total, "computing")
    frame = apply(frame, job.steps, findings, lambda number: on_progress(number + 1, total, "computing"))
    on_progress(total - 1, total, "writing")
    result = TableResult(
        rows_in=rows_in,
        rows_out=len(frame),
        columns=[TableColumn(name=name, type=kind) for name, kind in kinds_of(frame).items()],
        warnings=findings.all(),
        seconds=0,
        **_made(table_of(frame), job.output, folder.output),
    )
    on_progress(total, total, "done")
    return result.model_copy(
        update={"seconds": round(time.perf_counter() - began, 6), "peak_memory": _peak_memory()}
    )


def process_in_child(job: ProcessTable, folder: Path) -> TableResult:
    """The same, as the sandbox calls it."""
    return process(job, Folder(folder), report_progress)


def _peak_memory() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def _made(table: pa.Table, output: ObjectOutput | InlineOutput, path: Path) -> dict[str, Any]:
    """The fields of the result that say what was made."""
    if isinstance(output, InlineOutput):
        return {"rows": _inline(table)}
    write(table, format_of(output.object, output.format), path)
    with path.open("rb") as file:
        sha256 = hashlib.file_digest(file, "sha256").hexdigest()
    written = WrittenObject(object=output.object, bytes=path.stat().st_size, sha256=sha256)
    return {"output": written, "preview": _preview(table)}


def _inline(table: pa.Table) -> list[dict[str, JsonValue]]:
    rows = []
    room = MAX_INLINE
    for row in json_rows(table):
        rows.append(row)
        room -= len(to_json(row)) + 1
        if room < 0:
            fact = f"the {table.num_rows:,} rows are more than 1 MiB as JSON"
            raise errors.InputInvalid(f"{fact}: have them written to an object (output.object)")
    return rows


def _preview(table: pa.Table) -> list[dict[str, JsonValue]]:
    """As many of the first rows as there is room for."""
    rows: list[dict[str, JsonValue]] = []
    room = PREVIEW_BYTES
    for row in json_rows(table.slice(0, PREVIEW_ROWS)):
        short = {name: _cut(value) for name, value in row.items()}
        room -= len(to_json(short))
        if room < 0:
            break
        rows.append(short)
    return rows


def _cut(value: JsonValue) -> JsonValue:
    if isinstance(value, str | list | dict):
        text = value if isinstance(value, str) else to_json(value).decode()
        return value if len(text) <= PREVIEW_TEXT else f"{text[:PREVIEW_TEXT]}…"
    return value

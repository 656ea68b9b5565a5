"""A job from file to file: what its result says, and what does not fit into it."""

import hashlib
from pathlib import Path

import pytest

from afterwork import errors
from afterwork.contracts.tables import ProcessTable, TableResult
from processor.tables.processing import MAX_INLINE, Folder, process


def processed(folder: Path, content: bytes = b"", **job: object) -> TableResult:
    """The result of a job whose source has this content."""
    (folder / "source").write_bytes(content)
    return process(ProcessTable.model_validate(job), Folder(folder))


def test_rows_are_given_inline(tmp_path: Path) -> None:
    result = processed(
        tmp_path,
        b"city,amount\nBonn,2\nOslo,\nBonn,3\n",
        source={"object": "inbox/x.csv"},
        steps=[{"op": "group", "by": ["city"], "aggregate": {"share": "sum(amount) / (count() - 2)"}}],
    )

    assert (result.rows_in, result.rows_out, result.output, result.preview) == (3, 2, None, [])
    assert result.rows == [{"city": "Bonn", "share": None}, {"city": "Oslo", "share": None}]
    assert [(column.name, column.type) for column in result.columns] == [
        ("city", "text"),
        ("share", "number"),
    ]
    assert result.warnings == [
        "step 1 (group), 'share': 'sum(amount) / (count() - 2)' is null in row 1: division by zero"
    ]
    assert result.seconds > 0
    assert (result.peak_memory or 0) > 2**20


def test_an_object_is_described_and_shown_in_part(tmp_path: Path) -> None:
    # when
    result = processed(
        tmp_path,
        source={"records": [{"id": number, "text": "x" * 300} for number in range(50)]},
        output={"object": "results/x.ndjson"},
    )

    # then
    content = (tmp_path / "output").read_bytes()
    assert result.output is not None
    assert (result.output.object, result.output.bytes) == ("results/x.ndjson", len(content))
    assert result.output.sha256 == hashlib.sha256(content).hexdigest()
    assert result.rows is None
    assert result.preview == [{"id": number, "text": "x" * 200 + "…"} for number in range(20)]


def test_a_preview_has_only_as_many_rows_as_there_is_room_for(tmp_path: Path) -> None:
    record = {f"column {number}": "x" * 300 for number in range(100)}

    result = processed(tmp_path, source={"records": [record] * 20}, output={"object": "results/x.csv"})

    assert 0 < len(result.preview) < 5


def test_rows_that_are_too_many_for_a_result_are_refused(tmp_path: Path) -> None:
    rows = MAX_INLINE // len('{"a":10000},') + 1
    table = "a\n" + "10000\n" * rows

    with pytest.raises(errors.InputInvalid, match=r"more than 1 MiB as JSON: have them written to an object"):
        processed(tmp_path, table.encode(), source={"object": "inbox/x.csv"})
    fewer = processed(tmp_path, table[:-6].encode(), source={"object": "inbox/x.csv"})

    assert fewer.rows_out == rows - 1
    assert len(fewer.model_dump_json()) < 2**20


def test_progress_is_told_step_by_step(tmp_path: Path) -> None:
    told: list[tuple[int, int, str]] = []
    job = ProcessTable.model_validate(
        {"source": {"records": [{"a": 1}]}, "steps": [{"op": "limit", "rows": 1}]}
    )

    process(job, Folder(tmp_path), lambda *progress: told.append(progress))

    assert told == [
        (0, 3, "reading"),
        (1, 3, "computing"),
        (2, 3, "computing"),
        (2, 3, "writing"),
        (3, 3, "done"),
    ]


def test_an_empty_list_of_records_is_an_empty_table(tmp_path: Path) -> None:
    result = processed(tmp_path, source={"records": []})

    assert (result.rows_in, result.rows_out, result.rows, result.columns) == (0, 0, [], [])

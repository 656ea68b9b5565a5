"""Tables from files: what columns become, and how what cannot be read is told."""

import datetime as dt
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet
import pytest
from tests.unit.tables.files import records_of, table_of

from afterwork import errors
from processor.tables.columns import kind_of
from processor.tables.findings import Findings


def columns(table: pa.Table) -> dict[str, list[Any]]:
    found: dict[str, list[Any]] = table.to_pydict()
    return found


def test_quotes_line_breaks_and_unicode_are_kept(tmp_path: Path) -> None:
    table = table_of('id,city\n1,"Zürich, ""old""\ntown"\r\n2,東京\n', tmp_path)

    assert columns(table) == {"id": [1, 2], "city": ['Zürich, "old"\ntown', "東京"]}


@pytest.mark.parametrize(
    ("values", "kind", "first"),
    [
        (["1", "-2"], "integer", 1),
        (["9223372036854775807"], "integer", 2**63 - 1),
        (["9223372036854775808", "1"], "text", "9223372036854775808"),
        (["12345678901234567890", "1.5"], "text", "12345678901234567890"),
        (["007", "1"], "text", "007"),
        (["+1"], "text", "+1"),
        ([" 1"], "text", " 1"),
        (["0x1F"], "text", "0x1F"),
        (["1_000"], "text", "1_000"),
        (["1", "2.5"], "number", 1.0),
        (["-0.5e3", ".5"], "number", -500.0),
        (["1e999"], "text", "1e999"),
        (["nan", "1.5"], "text", "nan"),
        (["inf"], "text", "inf"),
        (["true", "FALSE"], "boolean", True),
        (["yes"], "text", "yes"),
        (["1", "x"], "text", "1"),
        (["2026-01-31"], "date", dt.date(2026, 1, 31)),
        (["2026-02-31"], "text", "2026-02-31"),
        (["0000-01-01"], "text", "0000-01-01"),
        (["2026-01-31T12:00:00Z"], "timestamp", dt.datetime(2026, 1, 31, 12, tzinfo=dt.UTC)),
        (["2026-01-31 12:00+02:00"], "timestamp", dt.datetime(2026, 1, 31, 10, tzinfo=dt.UTC)),
        (["2026-01-31", "2026-01-31T12:00:00Z"], "text", "2026-01-31"),
        (["NA"], "text", "NA"),
    ],
)  # fmt: skip
def test_a_column_becomes_what_all_its_values_are(
    values: list[str], kind: str, first: object, tmp_path: Path
) -> None:
    table = table_of("\n".join(["k,v", *(f"x,{value}" for value in values), "y,"]) + "\n", tmp_path)

    assert kind_of(table["v"].type) == kind
    assert columns(table)["v"] == [first, *columns(table)["v"][1:-1], None]


@pytest.mark.parametrize("value", ["x", "007"])
def test_a_value_far_down_counts_as_much_as_the_first(value: str, tmp_path: Path) -> None:
    table = table_of("a\n" + "1\n" * 5000 + f"{value}\n", tmp_path)

    assert columns(table)["a"][0] == "1"


def test_nothing_is_null_and_an_empty_text_is_not(tmp_path: Path) -> None:
    table = table_of('a,b\n,""\nNA,"NA"\n', tmp_path, nulls=["NA"])

    assert columns(table) == {"a": [None, None], "b": ["", "NA"]}


def test_types_are_left_alone_where_that_is_asked_for(tmp_path: Path) -> None:
    assert columns(table_of("a\n1\n", tmp_path, infer_types=False)) == {"a": ["1"]}


@pytest.mark.parametrize(
    ("content", "source", "expected"),
    [
        ("a;b\n1;2,5\n", {"delimiter": ";"}, {"a": [1], "b": ["2,5"]}),
        ("a\tb\n1\t2\n", {"object": "inbox/x.tsv"}, {"a": [1], "b": [2]}),
        ("1,2\n3,4\n", {"header": False}, {"column_1": [1, 3], "column_2": [2, 4]}),
        ("\n\n a , b \n\n1,2\n\n", {}, {"a": [1], "b": [2]}),
        ('"x\ny",b\n1,2\n', {}, {"x\ny": [1], "b": [2]}),
        ("a,b\r1,2\r3,4\r", {}, {"a": [1, 3], "b": [2, 4]}),
        ("a,b", {}, {"a": [], "b": []}),
        ("a,b\n\n", {}, {"a": [], "b": []}),
        ("a\n1", {}, {"a": [1]}),
        ("\N{BYTE ORDER MARK}a,b\n1,2\n", {}, {"a": [1], "b": [2]}),
        ("a\né\n".encode("utf-16"), {}, {"a": ["é"]}),
        ("a\né\n".encode("utf-16-be"), {"encoding": "utf-16-be"}, {"a": ["é"]}),
        ("a\né€\n".encode("cp1252"), {"encoding": "cp1252"}, {"a": ["é€"]}),
        ("\N{BYTE ORDER MARK}a\né\n".encode(), {"encoding": "latin-1"}, {"a": ["é"]}),
    ],
)
def test_files_are_read_as_they_are_meant(
    content: str | bytes, source: dict[str, Any], expected: dict[str, list[Any]], tmp_path: Path
) -> None:
    assert columns(table_of(content, tmp_path, **source)) == expected


def test_empty_and_doubled_names_are_changed_and_told(tmp_path: Path) -> None:
    findings = Findings()

    table = table_of("a,,a,a_2,\n1,2,3,4,5\n", tmp_path, findings)

    assert table.column_names == ["a", "column_2", "a_3", "a_2", "column_5"]
    assert findings.all() == [
        "column 2 is named 'column_2': its name is empty",
        "column 3 is named 'a_3': its name is 'a' again",
        "column 5 is named 'column_5': its name is empty",
    ]


@pytest.mark.parametrize(
    ("content", "source", "fact"),
    [
        ("", {}, "the object is empty"),
        (" \n\n", {}, "the object is empty"),
        ("a,b\n1,2\n3\n", {}, "row 2 (ending at line 3) has 1 fields, but there are 2 columns"),
        ('a,b\n"x\ny",2\n\n1,2,3\n', {}, "row 2 (ending at line 5) has 3 fields"),
        ("1,2\n3,4\n\n5\n", {"header": False}, "row 3 (ending at line 4) has 1 fields"),
        ('a,b\n1,2\n3,"open\n4,5\n', {}, "the row that begins at line 3: unexpected end of data"),
        (b"a\nok\n\xe9\n", {}, "byte 5 (0xE9, line 3) is no utf-8; say what it is written in"),
        (b"a\n" + b"x\n" * 700_000 + b"\xff\n", {}, "byte 1400002 (0xFF, line 700002) is no utf-8"),
        (b"x" * (2**20 - 1) + b"\xc3x", {}, "byte 1048575 (0xC3, line 1) is no utf-8"),
        ("a\né\n".encode() + "é\n".encode("latin-1"), {}, "byte 5 (0xE9, line 3) is no utf-8"),
        ("a,b\n1,2\n".encode("utf-16-le"), {}, "line 1 has a NUL character"),
        (b"a\n1\n\0\n", {}, "line 3 has a NUL character"),
        ("a\n1".encode("utf-16") + b"\0", {}, "is no utf-16-le"),
        ("a,b\n1," + "x" * 9_000_000 + "\n", {}, "the row that begins at line 2: field larger"),
        (",".join(f"c{n}" for n in range(5001)) + "\n", {}, "has 5,001 columns, of 5,000 at most"),
        ("x" * 200_001 + "\n1\n", {}, "more than 200,000 characters"),
    ],
)
def test_what_is_no_table_is_told_with_its_place(
    content: str | bytes, source: dict[str, Any], fact: str, tmp_path: Path
) -> None:
    with pytest.raises(errors.InputInvalid) as caught:
        table_of(content, tmp_path, **source)

    assert fact in caught.value.detail


def test_records_have_the_columns_that_any_of_them_has(tmp_path: Path) -> None:
    table = records_of([{"a": 1}, {"b": "x", "a": 2.5}, {"c": None, "d": {"x": [1]}}], tmp_path)

    assert columns(table) == {
        "a": [1.0, 2.5, None],
        "b": [None, "x", None],
        "c": [None, None, None],
        "d": [None, None, '{"x":[1]}'],
    }


def test_no_records_are_a_table_without_columns(tmp_path: Path) -> None:
    assert records_of([], tmp_path).shape == (0, 0)


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ('{"a": 1}\n\n{"b": "x"}', {"a": [1, None], "b": [None, "x"]}),
        ("", {}),
        ('{"a": "2026-01-31"}\n', {"a": ["2026-01-31"]}),
        ('\N{BYTE ORDER MARK}{"a": true}\n', {"a": [True]}),
    ],
)
def test_ndjson_is_a_record_a_line(content: str, expected: dict[str, Any], tmp_path: Path) -> None:
    assert columns(table_of(content, tmp_path, format="ndjson")) == expected


def test_many_lines_make_one_table_even_if_their_kinds_widen(tmp_path: Path) -> None:
    lines = ['{"a": 1}\n'] * 15_000 + ['{"a": 2.5, "b": 1}\n'] * 10_000

    table = table_of("".join(lines), tmp_path, format="ndjson")

    assert (table.num_rows, table.column_names) == (25_000, ["a", "b"])
    assert columns(table)["a"][0] == 1.0


@pytest.mark.parametrize(
    ("form", "content", "fact"),
    [
        ("ndjson", '{"a": 1}\n{"a": }\n', "line 2 is no JSON: expected value"),
        ("ndjson", '{"a": 1}\n[1]\n', "line 2 is no JSON object"),
        ("ndjson", '{"a": NaN}\n', "line 1 is no JSON"),
        ("ndjson", '{"a": 1}\n{"a": 2}\n{"a": "x"}\n', "row 3: 'a' is text, but integer in what comes before"),
        ("ndjson", '{"a": 1}\n' * 10_000 + '{"a": "x"}\n', "row 10001: 'a' is text, but integer"),
        ("ndjson", '{"a": 1}\n' * 10_001 + '{"a": true}\n', "row 10002: 'a' is boolean, but integer"),
        ("ndjson", '{"a": 18446744073709551616}\n', "row 1: 'a' is beyond 64-bit integers"),
        ("ndjson", '{"a": 0.5}\n{"a": 9007199254740993}\n', "integers that are no exact numbers"),
        ("ndjson", "{}\n{}\n", "none of the records has any value"),
        ("json", '{"a": 1}', "is no JSON array of objects"),
        ("json", "[1]", "row 1 is no JSON object"),
        ("json", '[{"a": 1},', "is no JSON"),
        ("json", "", "is no JSON"),
        ("ndjson", '{"' + '":1}\n{"'.join(f"c{n}" for n in range(5001)) + '":1}\n', "more than 5,000 different names"),
    ],
)  # fmt: skip
def test_what_is_no_records_is_told_with_its_place(
    form: str, content: str, fact: str, tmp_path: Path
) -> None:
    with pytest.raises(errors.InputInvalid) as caught:
        table_of(content, tmp_path, format=form)

    assert fact in caught.value.detail


def test_parquet_keeps_its_types_but_has_no_nan(tmp_path: Path) -> None:
    # given
    path = tmp_path / "x.parquet"
    table = pa.table(
        {"n": [1.5, float("nan")], "l": [[1], None], "e": pa.array(["x", "x"]).dictionary_encode()}
    )
    pyarrow.parquet.write_table(table, path)

    # when
    found = table_of(path.read_bytes(), tmp_path, format="parquet")

    # then
    assert columns(found) == {"n": [1.5, None], "l": [[1], None], "e": ["x", "x"]}


@pytest.mark.parametrize("end", [0, 4, 100, -1])
def test_what_is_no_parquet_is_told(end: int, tmp_path: Path) -> None:
    path = tmp_path / "x.parquet"
    pyarrow.parquet.write_table(pa.table({"a": list(range(1000))}), path)

    with pytest.raises(errors.InputInvalid, match="is no Parquet that can be read"):
        table_of(path.read_bytes()[:end], tmp_path, format="parquet")

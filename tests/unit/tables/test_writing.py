"""Tables to files: what stands in them, and that nothing is lost on the way there and back."""

import datetime as dt
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.tables.files import table_of, written
from tests.unit.tables.formulas import tables

from afterwork.contracts.tables import TableFormat

EVERYTHING = pa.table(
    {
        "t": ["x", None, ""],
        "q": ['say "hi"', "a,b", "two\nlines"],
        "i": [1, None, -3],
        "n": [0.5, None, 1e20],
        "b": [True, None, False],
        "d": [dt.date(2026, 1, 31), None, None],
        "m": pa.array([dt.datetime(2026, 1, 31, 12, tzinfo=dt.UTC), None, None], pa.timestamp("ns", "UTC")),
        "l": pa.array([[1, None], None, []], pa.list_(pa.int64())),
        "y": [b"\0\xff", None, b""],
        "e": [Decimal("1.10"), None, None],
    }
)  # fmt: skip
NAN = pa.table({"n": [float("nan"), float("inf"), 1.0]})


def test_csv_quotes_only_what_needs_it(tmp_path: Path) -> None:
    assert written(EVERYTHING, TableFormat.CSV, tmp_path).decode() == (
        "t,q,i,n,b,d,m,l,y,e\n"
        'x,"say ""hi""",1,0.5,true,2026-01-31,2026-01-31T12:00:00Z,"[1,null]","""AP8=""",1.1\n'
        ',"a,b",,,,,,,,\n'
        '"","two\nlines",-3,1e+20,false,,,[],"""""",\n'
    )


def test_tsv_quotes_tabs_and_leaves_commas(tmp_path: Path) -> None:
    table = pa.table({"a,b": ["x,y", "x\ty"], "c": [1, 2]})

    assert written(table, TableFormat.TSV, tmp_path) == b'a,b\tc\nx,y\t1\n"x\ty"\t2\n'


def test_json_has_dates_as_texts_bytes_in_base64_and_no_nan(tmp_path: Path) -> None:
    assert written(EVERYTHING.slice(0, 1), TableFormat.NDJSON, tmp_path).decode() == (
        '{"t":"x","q":"say \\"hi\\"","i":1,"n":0.5,"b":true,"d":"2026-01-31","m":"2026-01-31T12:00:00Z",'
        '"l":[1,null],"y":"AP8=","e":1.1}\n'
    )
    assert written(NAN, TableFormat.JSON, tmp_path) == b'[\n{"n":null},\n{"n":null},\n{"n":1.0}\n]\n'
    assert written(NAN.slice(0, 0), TableFormat.JSON, tmp_path) == b"[]\n"


@pytest.mark.parametrize("form", list(TableFormat))
def test_the_same_table_is_the_same_bytes(form: TableFormat, tmp_path: Path) -> None:
    assert written(EVERYTHING, form, tmp_path) == written(EVERYTHING, form, tmp_path)


def test_times_beyond_what_python_knows_are_written_too(tmp_path: Path) -> None:
    table = pa.table({"m": pa.array([253402300800000000], pa.timestamp("us", "UTC"))})

    assert b"10000-01-01T00:00:00Z" in written(table, TableFormat.NDJSON, tmp_path)


ANY_TEXT = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=10)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(ANY_TEXT, st.one_of(st.none(), ANY_TEXT)), min_size=1, max_size=5),
    st.sampled_from([",", ";", "|", "\t"]),
)
def test_texts_come_back_from_csv_as_they_were(rows: list[tuple[str, str | None]], delimiter: str) -> None:
    # given
    table = pa.table(
        {"a": pa.array([a for a, _ in rows], pa.string()), "b": pa.array([b for _, b in rows], pa.string())}
    )
    form = TableFormat.TSV if delimiter == "\t" else TableFormat.CSV

    with TemporaryDirectory() as name:
        # when
        content = written(table, form, Path(name))
        found = table_of(content, Path(name), infer_types=False, format=form)

    # then
    assert found.to_pydict() == table.to_pydict()


@settings(max_examples=40, deadline=None)
@given(tables(), st.sampled_from([TableFormat.PARQUET, TableFormat.NDJSON, TableFormat.JSON]))
def test_values_come_back_as_they_were(table: pa.Table, form: TableFormat) -> None:
    # given
    plain = table.select(["b", "i", "n", "t"])

    with TemporaryDirectory() as name:
        # when
        found = table_of(written(plain, form, Path(name)), Path(name), format=form)

    # then
    assert found.to_pylist() == plain.to_pylist()

"""Between pandas and Arrow: a frame whose columns are Arrow arrays, and which kind of values each holds."""

from collections.abc import Mapping
from typing import Any, TypeAlias

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from afterwork.expressions import ValueKind

Values: TypeAlias = pa.ChunkedArray | pa.Array | pa.Scalar
"""What a column or an expression is worth, row by row; a scalar is the same in every row."""

MOMENT = pa.timestamp("us")
MOMENT_UTC = pa.timestamp("us", "UTC")
TYPES: Mapping[ValueKind, pa.DataType] = {
    ValueKind.BOOLEAN: pa.bool_(),
    ValueKind.INTEGER: pa.int64(),
    ValueKind.NUMBER: pa.float64(),
    ValueKind.TEXT: pa.large_string(),
    ValueKind.DATE: pa.date32(),
    ValueKind.TIMESTAMP: MOMENT_UTC,
    ValueKind.NULL: pa.null(),
}
"""The Arrow type in which values of a kind are computed with."""


def kind_of(kind: pa.DataType) -> ValueKind:
    """What the values of an Arrow type are in the language."""
    tests = {
        ValueKind.BOOLEAN: pa.types.is_boolean,
        ValueKind.INTEGER: pa.types.is_integer,
        ValueKind.NUMBER: lambda found: pa.types.is_floating(found) or pa.types.is_decimal(found),
        ValueKind.TEXT: _is_text,
        ValueKind.DATE: pa.types.is_date,
        ValueKind.TIMESTAMP: pa.types.is_timestamp,
        ValueKind.NULL: pa.types.is_null,
    }
    return next((name for name, holds in tests.items() if holds(kind)), ValueKind.OTHER)


def frame_of(table: pa.Table) -> pd.DataFrame:
    """A frame over the same memory. Its index is the number of the row in the source, from 0."""
    frame: pd.DataFrame = table.to_pandas(types_mapper=pd.ArrowDtype, ignore_metadata=True, use_threads=False)
    return frame


def table_of(frame: pd.DataFrame) -> pa.Table:
    """The columns of a frame, without its index."""
    return pa.table({str(name): stored(frame, str(name)) for name in frame.columns})


def stored(frame: pd.DataFrame, name: str) -> pa.ChunkedArray:
    """A column as it is."""
    return frame[name].array.__arrow_array__()


def series_of(values: Values, frame: pd.DataFrame) -> "pd.Series[Any]":
    """Values as a column of the frame; a scalar fills it."""
    if isinstance(values, pa.Scalar):
        values = pa.repeat(values, len(frame))
    return pd.Series(pd.array(values, dtype=pd.ArrowDtype(values.type)), index=frame.index)


def with_columns(frame: pd.DataFrame, made: "Mapping[str, pd.Series[Any]]") -> pd.DataFrame:
    """The frame with these columns set: in their old places, or else at the end."""
    columns = {str(name): column for name, column in frame.items()}
    return pd.DataFrame({**columns, **made}, index=frame.index)


def kinds_of(frame: pd.DataFrame) -> dict[str, ValueKind]:
    """Column → kind of its values, in the order of the columns."""
    return {str(name): kind_of(dtype.pyarrow_dtype) for name, dtype in frame.dtypes.items()}


def usable(values: Values) -> Values:
    """Values in the type that they are computed with: see TYPES. What is neither is left as it is."""
    kind = kind_of(values.type)
    if kind is ValueKind.TIMESTAMP:
        return pc.cast(values, MOMENT if values.type.tz is None else MOMENT_UTC, safe=False)
    if kind is ValueKind.OTHER or values.type == TYPES[kind]:
        return values
    return pc.cast(values, TYPES[kind], safe=kind is ValueKind.INTEGER)


def read_as(values: Values, kind: ValueKind) -> Values:
    """Usable values as those of a kind that is `common` to them and others."""
    wanted = TYPES.get(kind)
    if wanted is None or values.type == wanted:
        return values
    if kind is ValueKind.TIMESTAMP and values.type == MOMENT:
        return pc.assume_timezone(values, "UTC")
    return pc.cast(values, wanted, safe=False)


def _is_text(kind: pa.DataType) -> bool:
    if pa.types.is_dictionary(kind):
        return _is_text(kind.value_type)
    tests = (pa.types.is_string, pa.types.is_large_string, pa.types.is_string_view)
    return any(test(kind) for test in tests)

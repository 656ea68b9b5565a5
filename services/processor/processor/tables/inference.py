"""Which columns of texts are something else: only where every value is, and nothing of it is lost."""

import pyarrow as pa
import pyarrow.compute as pc

from processor.tables.columns import MOMENT, MOMENT_UTC, Values
from processor.tables.conversions import DATE, TIMESTAMP, TIMESTAMP_WITH_ZONE, matches

SAMPLE = 1000
_EXACT = "0|[1-9][0-9]{0,14}"
_CANDIDATES = (
    (r"^(?:true|false|True|False|TRUE|FALSE)$", pa.bool_()),
    (r"^-?(?:0|[1-9][0-9]{0,18})$", pa.int64()),
    (
        rf"^-?(?:{_EXACT}|(?:0|[1-9][0-9]*)?\.[0-9]+(?:[eE][+-]?[0-9]+)?|(?:0|[1-9][0-9]*)[eE][+-]?[0-9]+)$",
        pa.float64(),
    ),
    (DATE, pa.date32()),
    (TIMESTAMP, MOMENT),
    (TIMESTAMP_WITH_ZONE, MOMENT_UTC),
)


def inferred(texts: pa.ChunkedArray) -> pa.ChunkedArray:
    """The column as the first of these that holds every value: true and false, integers, numbers, dates, timestamps.

    Otherwise as it is: `007` and integers beyond 64 bits stay texts, as a number would lose something of them.
    """
    if texts.null_count == len(texts):
        return pa.chunked_array([pa.nulls(len(texts))])
    sample = texts.slice(0, SAMPLE)
    for pattern, kind in _CANDIDATES:
        if _all(matches(sample, pattern)) and _all(matches(texts, pattern)):
            return _cast(texts, kind)
    return texts


def _cast(texts: pa.ChunkedArray, kind: pa.DataType) -> pa.ChunkedArray:
    try:
        values = pc.cast(texts, kind)
    except pa.ArrowInvalid:  # the 31st of February, an integer of 19 digits that is too large
        return texts
    is_lossy = kind == pa.float64() and not _all(pc.is_finite(values))
    return texts if is_lossy else values


def _all(mask: Values) -> bool:
    return pc.all(mask, min_count=0).as_py() is True

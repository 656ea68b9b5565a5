"""The aggregates of the language: one value a group, for all groups at once."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from afterwork.expressions import ValueKind
from processor.tables.arithmetic import TOO_LARGE
from processor.tables.columns import Values, kind_of
from processor.tables.spoiled import Spoiled

_LARGEST = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Groups:
    """Which row belongs to which group. codes: the number of the group of each row, from 0. count: of the groups."""

    codes: npt.NDArray[np.int64]
    count: int

    def reduced(self, method: str, values: Any, rows: Any = slice(None), **options: Any) -> "pd.Series[Any]":  # noqa: ANN401 - arrays of any kind
        """What pandas makes of the values of each group, by the name of its method; NA for a group without any."""
        grouped = pd.Series(values).groupby(self.codes[rows])
        reduced: pd.Series[Any] = getattr(grouped, method)(**options)
        return reduced.reindex(range(self.count))


def aggregate(name: str, values: Values | None, groups: Groups, spoiled: Spoiled) -> Values:
    """The aggregate of the values of each group. values: None for `count()`. spoiled: is told of groups without one."""
    if values is None:
        return pa.array(np.bincount(groups.codes, minlength=groups.count))
    if isinstance(values, pa.Scalar):
        values = pa.repeat(values, len(groups.codes))
    if kind_of(values.type) is ValueKind.NULL and name not in {"count", "count_distinct"}:
        return pa.nulls(groups.count)
    return AGGREGATES[name](values, groups, spoiled)


def _count(values: Values, groups: Groups, _: Spoiled) -> Values:
    return pa.array(np.bincount(groups.codes[_valid(values)], minlength=groups.count))


def _count_distinct(values: Values, groups: Groups, _: Spoiled) -> Values:
    if kind_of(values.type) is ValueKind.NULL:
        return pa.array([0] * groups.count, pa.int64())
    rows = _valid(values)
    numbers = _one_chunk(values).dictionary_encode().indices.to_numpy(zero_copy_only=False)[rows]
    return pa.array(groups.reduced("nunique", numbers, rows).fillna(0).astype("int64"))


def _extreme(method: str, values: Values, groups: Groups, _: Spoiled) -> Values:
    """By rank, so that texts and dates are compared like numbers."""
    order = pc.sort_indices(values).to_numpy()
    rank = np.empty(len(order), np.int64)
    rank[order] = np.arange(len(order))
    rows = _valid(values)
    best = groups.reduced(method, rank[rows], rows).astype("Int64")
    return values.take(pa.array(order).take(pa.array(best)))


def _end(method: str, values: Values, groups: Groups, _: Spoiled) -> Values:
    rows = _valid(values)
    place = groups.reduced(method, np.flatnonzero(rows), rows).astype("Int64")
    return values.take(pa.array(place))


def _sum(values: Values, groups: Groups, spoiled: Spoiled) -> Values:
    if kind_of(values.type) is ValueKind.INTEGER and not _fits(values):
        return _long_sum(values, groups, spoiled)
    total = pa.array(groups.reduced("sum", _masked(values), min_count=1))
    return total if kind_of(values.type) is ValueKind.INTEGER else spoiled.finite(total)


def _fits(values: Values) -> bool:
    """Whether no sum of these integers can be beyond 64 bits."""
    ends = pc.min_max(values).as_py()
    largest = max(abs(int(ends["min"] or 0)), abs(int(ends["max"] or 0)))
    return largest * len(values) <= _LARGEST


def _long_sum(values: Values, groups: Groups, spoiled: Spoiled) -> Values:
    """With integers of any length."""
    totals: list[int | None] = [None] * groups.count
    for code, value in zip(groups.codes.tolist(), values.to_pylist(), strict=True):
        if value is not None:
            totals[code] = (totals[code] or 0) + value
    beyond = [total is not None and not -_LARGEST - 1 <= total <= _LARGEST for total in totals]
    spoiled.report(pa.array(beyond, pa.bool_()), TOO_LARGE)
    kept = [None if is_beyond else total for total, is_beyond in zip(totals, beyond, strict=True)]
    return pa.array(kept, pa.int64())


def _statistic(method: str, values: Values, groups: Groups, spoiled: Spoiled) -> Values:
    numbers = groups.reduced(method, _masked(pc.cast(values, pa.float64(), safe=False)))
    return spoiled.finite(pa.array(numbers.to_numpy(float, na_value=np.nan), from_pandas=True))


def _masked(values: Values) -> Any:  # noqa: ANN401 - pandas' masked arrays have no common public type
    """Integers or numbers with a mask for nulls, which is how pandas computes with them best."""
    plain = pc.fill_null(values, pa.scalar(0, values.type)).to_numpy(zero_copy_only=False)
    kind = pd.arrays.IntegerArray if pa.types.is_integer(values.type) else pd.arrays.FloatingArray
    return kind(np.array(plain), ~_valid(values))


def _valid(values: Values) -> npt.NDArray[np.bool_]:
    found: npt.NDArray[np.bool_] = pc.is_valid(values).to_numpy(zero_copy_only=False)
    return found


def _one_chunk(values: Values) -> Values:
    return values.combine_chunks() if isinstance(values, pa.ChunkedArray) else values


AGGREGATES: Mapping[str, Callable[[Values, Groups, Spoiled], Values]] = {
    "sum": _sum,
    "mean": partial(_statistic, "mean"),
    "median": partial(_statistic, "median"),
    "std": partial(_statistic, "std"),
    "min": partial(_extreme, "min"),
    "max": partial(_extreme, "max"),
    "first": partial(_end, "min"),
    "last": partial(_end, "max"),
    "count": _count,
    "count_distinct": _count_distinct,
}
"""Name → what it makes of the values of each group."""

"""The step `group`: one row of all rows with the same keys."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from afterwork.expressions import parse
from afterwork.expressions.nodes import Binary, Call, Column, Membership, Node, NullTest, Unary
from afterwork.expressions.rules import KindChecker, is_aggregate
from processor.tables.aggregates import Groups, aggregate
from processor.tables.columns import Values, kinds_of, series_of, with_columns
from processor.tables.evaluation import evaluate
from processor.tables.findings import Findings
from processor.tables.spoiled import Spoiled


def group(
    frame: pd.DataFrame, by: Sequence[str], aggregates: Mapping[str, str], findings: Findings
) -> pd.DataFrame:
    """The groups in the order of their first rows. Raises ExpressionError for what does not fit the columns."""
    groups = _codes(frame, by)
    keys = _keys(frame, by, groups)
    place = findings.where
    made = {}
    for name, source in aggregates.items():
        findings.where = f"{place}, {name!r}"
        made[name] = _Aggregation(source, frame, groups, findings).over(keys)
    return with_columns(keys, made)


def _codes(frame: pd.DataFrame, by: Sequence[str]) -> Groups:
    """Without `by`, all rows are one group, even if there is none."""
    if not by:
        return Groups(np.zeros(len(frame), np.int64), 1)
    codes = np.asarray(frame.groupby(list(by), dropna=False, sort=False).ngroup(), np.int64)
    return Groups(codes, int(codes.max(initial=-1)) + 1)


def _keys(frame: pd.DataFrame, by: Sequence[str], groups: Groups) -> pd.DataFrame:
    """The columns that are grouped by, a row a group."""
    if not by:
        return pd.DataFrame(index=pd.RangeIndex(1))
    first_rows = np.flatnonzero(~pd.Series(groups.codes).duplicated())
    return frame[list(by)].iloc[first_rows].reset_index(drop=True)


class _Aggregation:
    """One expression of a group: its aggregates are computed first, and stand as columns in what is left of it."""

    def __init__(self, source: str, frame: pd.DataFrame, groups: Groups, findings: Findings) -> None:
        self._source = source
        self._frame = frame
        self._groups = groups
        self._findings = findings
        self._found: dict[str, Values] = {}

    def over(self, keys: pd.DataFrame) -> "pd.Series[Any]":
        """The values of the expression. keys: the columns that are grouped by, a row a group."""
        node = parse(self._source)
        KindChecker(self._source, kinds_of(self._frame)).kind(node)
        rest = self._without_aggregates(node)
        found = {name: series_of(values, keys) for name, values in self._found.items()}
        return series_of(evaluate(self._source, rest, with_columns(keys, found), self._findings), keys)

    def _without_aggregates(self, node: Node) -> Node:
        if isinstance(node, Call) and is_aggregate(node):
            name = f"\0{len(self._found)}"
            self._found[name] = self._aggregate(node)
            return Column(name, node.span)
        match node:
            case Unary() | NullTest() | Membership():
                return replace(node, operand=self._without_aggregates(node.operand))
            case Binary(left=left, right=right):
                return replace(
                    node, left=self._without_aggregates(left), right=self._without_aggregates(right)
                )
            case Call(arguments=arguments):
                return replace(node, arguments=tuple(map(self._without_aggregates, arguments)))
            case _:
                return node

    def _aggregate(self, call: Call) -> Values:
        values = None
        if call.arguments:
            values = evaluate(self._source, call.arguments[0], self._frame, self._findings)
        excerpt = self._source[call.span.start : call.span.end]
        index = pd.RangeIndex(self._groups.count)
        return aggregate(call.function, values, self._groups, Spoiled(index, excerpt, self._findings))

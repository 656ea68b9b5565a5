"""What each step does to a frame, and in which order."""

import re
from collections.abc import Callable, Sequence
from typing import assert_never

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from afterwork import errors
from afterwork.contracts.table_steps import Derive, Filter, Group, Limit, Select, Sort, Step
from afterwork.expressions import ExpressionError, ValueKind, parse
from afterwork.expressions.errors import nearest
from afterwork.expressions.rules import KindChecker
from processor.tables.columns import kind_of, kinds_of, read_as, series_of, stored, usable, with_columns
from processor.tables.evaluation import evaluate
from processor.tables.findings import Findings
from processor.tables.grouping import group

_DIRECTION = re.compile(r"(?P<sign>-?)(?P<name>`(?:[^`]|``)+`|.*)", re.DOTALL)

_DELIMITERS = ";\t|,"

OnStep = Callable[[int], None]


class _Unfit(Exception):
    """The step names what the table does not have."""


def apply(
    frame: pd.DataFrame, steps: Sequence[Step], findings: Findings, on_step: OnStep = lambda _: None
) -> pd.DataFrame:
    """The frame after all steps. on_step: is called with the number of each one that is done, from 1.

    Raises InputInvalid for a step that does not fit the columns it finds.
    """
    for number, step in enumerate(steps, start=1):
        place = f"step {number} ({step.op})"
        findings.where = place
        try:
            frame = _applied(frame, step, findings)
        except (ExpressionError, _Unfit) as error:
            raise errors.InputInvalid(f"{findings.where}: {error}{_hint(frame)}") from None
        except MemoryError:  # Arrow's own is an ArrowException too
            raise
        except pa.ArrowException as error:
            raise errors.InputInvalid(f"{findings.where}: {error}") from error
        on_step(number)
    findings.where = ""
    return frame


def _applied(frame: pd.DataFrame, step: Step, findings: Findings) -> pd.DataFrame:
    match step:
        case Select():
            _refuse_unknown(frame, step.columns, "columns")
            return frame[step.columns]
        case Filter():
            return _filtered(frame, step.where, findings)
        case Derive():
            return _derived(frame, step, findings)
        case Group():
            return _grouped(frame, step, findings)
        case Sort():
            return _sorted(frame, step.by)
        case Limit():
            return frame.head(step.rows)
        case _:
            assert_never(step)


def _filtered(frame: pd.DataFrame, where: str, findings: Findings) -> pd.DataFrame:
    node = parse(where)
    KindChecker(where, kinds_of(frame)).expect(node, ValueKind.BOOLEAN)
    mask = read_as(evaluate(where, node, frame, findings), ValueKind.BOOLEAN)
    if isinstance(mask, pa.Scalar):
        return frame if mask.as_py() else frame.iloc[:0]
    kept: pd.DataFrame = frame[pc.fill_null(mask, fill_value=False).to_numpy(zero_copy_only=False)]
    return kept


def _derived(frame: pd.DataFrame, step: Derive, findings: Findings) -> pd.DataFrame:
    place = findings.where
    made = {}
    for name, source in step.set.items():
        findings.where = f"{place}, {name!r}"
        made[name] = series_of(evaluate(source, parse(source), frame, findings), frame)
    return with_columns(frame, made)


def _grouped(frame: pd.DataFrame, step: Group, findings: Findings) -> pd.DataFrame:
    _refuse_unknown(frame, step.by, "by")
    for name in step.by:
        _refuse_other(frame, name, "grouped by")
    return group(frame, step.by, step.aggregate, findings)


def _sorted(frame: pd.DataFrame, by: Sequence[str]) -> pd.DataFrame:
    keys = [_direction(item) for item in by]
    names = [name for name, _ in keys]
    _refuse_unknown(frame, names, "by")
    for name in names:
        _refuse_other(frame, name, "sorted by")
    labels = [str(place) for place in range(len(keys))]
    table = pa.table([usable(stored(frame, name)) for name in names], names=labels)
    sort_keys = [(label, direction) for label, (_, direction) in zip(labels, keys, strict=True)]
    order = pc.sort_indices(table, sort_keys=sort_keys)  # nulls last, and stable
    ordered: pd.DataFrame = frame.iloc[order.to_numpy()]
    return ordered


def _direction(item: str) -> tuple[str, str]:
    """A column as it stands in `by`, and which way it is sorted."""
    match = _DIRECTION.fullmatch(item)
    sign, name = (match["sign"], match["name"]) if match else ("", item)
    if len(name) > 1 and name[0] == name[-1] == "`":
        name = name[1:-1].replace("``", "`")
    return name, "descending" if sign else "ascending"


def _refuse_unknown(frame: pd.DataFrame, names: Sequence[str], where: str) -> None:
    known = kinds_of(frame)
    for name in names:
        if name not in known:
            raise _Unfit(f"{where}: there is no column {name!r}{nearest(name, known)}")


def _refuse_other(frame: pd.DataFrame, name: str, how: str) -> None:
    kind = stored(frame, name).type
    if kind_of(kind) is ValueKind.OTHER:
        raise _Unfit(f"by: {name!r} has values of type {kind}, which cannot be {how}")


def _hint(frame: pd.DataFrame) -> str:
    """For a file that was read with the wrong delimiter."""
    names = [str(name) for name in frame.columns]
    found = [mark for mark in _DELIMITERS if len(names) == 1 and mark in names[0]]
    return f"; the only column is {names[0][:100]!r}: is the delimiter {found[0]!r}?" if found else ""

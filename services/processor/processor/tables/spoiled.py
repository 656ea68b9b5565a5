"""Rows for which a value cannot be computed: null there, counted, and the first of them named."""

from dataclasses import dataclass

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from processor.tables.columns import Values
from processor.tables.findings import Findings

LONGEST_EXCERPT = 80


@dataclass(frozen=True, slots=True)
class Spoiled:
    """What is reported of one operation. index: numbers of the rows in the source. excerpt: the operation."""

    index: "pd.Index[int]"
    excerpt: str
    findings: Findings

    def without(self, values: Values, spoiled: Values, fact: str) -> Values:
        """The values, null in the spoiled rows (null counts as not spoiled)."""
        if not self.report(spoiled, fact):
            return values
        return pc.if_else(pc.coalesce(spoiled, pa.scalar(value=False)), pa.scalar(None, values.type), values)

    def report(self, spoiled: Values, fact: str) -> bool:
        """Tell of the spoiled rows, if there are any; whether there are."""
        if isinstance(spoiled, pa.Scalar):
            count, first = (len(self.index) if spoiled.as_py() else 0), 0
        else:
            count = pc.sum(spoiled).as_py() or 0
            first = pc.index(spoiled, value=True).as_py() if count else 0
        if count:
            excerpt = (
                self.excerpt if len(self.excerpt) <= LONGEST_EXCERPT else f"{self.excerpt[:LONGEST_EXCERPT]}…"
            )
            rows = (
                f"row {self.index[first] + 1}"
                if count == 1
                else f"{count:,} rows, the first is row {self.index[first] + 1}"
            )
            self.findings.add(f"{excerpt!r} is null in {rows}: {fact}")
        return bool(count)

    def finite(self, values: Values) -> Values:
        """Numbers, null where they are infinite or none at all (NaN)."""
        return self.without(values, pc.invert(pc.is_finite(values)), "beyond the largest number")

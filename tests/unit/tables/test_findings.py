"""What cannot be computed is null, counted, and told with the first row."""

import pyarrow as pa
import pytest
from tests.unit.tables.test_evaluation import values

from processor.tables.findings import MAX_FINDINGS, Findings

TABLE = pa.table(
    {
        "i": [1, None, 2**63 - 1, -(2**63)],
        "k": [0, 1, 2, -1],
        "n": [0.0, None, 1e308, -0.5],
        "t": ["12", "x", None, "2026-02-31"],
    }
)


@pytest.mark.parametrize(
    ("source", "result", "finding"),
    [
        ("1 / k", [None, 1.0, 0.5, -1.0], "'1 / k' is null in row 1: division by zero"),
        ("(1 // k) + 1", [None, 2, 1, 0], "'(1 // k)' is null in row 1: division by zero"),
        ("5 % k", [None, 0, 1, 0], "'5 % k' is null in row 1: division by zero"),
        ("i * 2", [2, None, None, None], "'i * 2' is null in 2 rows, the first is row 3: beyond 64-bit integers"),
        ("i // k", [None, None, 2**62 - 1, None], "'i // k' is null in row 4: beyond 64-bit integers"),
        ("-i", [-1, None, -(2**63) + 1, None], "'-i' is null in row 4: beyond 64-bit integers"),
        ("abs(i)", [1, None, 2**63 - 1, None], "'abs(i)' is null in row 4: beyond 64-bit integers"),
        ("n * 10", [0.0, None, None, -5.0], "'n * 10' is null in row 3: beyond the largest number"),
        ("floor(n)", [0, None, None, -1], "'floor(n)' is null in row 3: beyond 64-bit integers"),
        ("number(t)", [12.0, None, None, None], "'number(t)' is null in 2 rows, the first is row 2: this is no number"),
        ("date(t)", [None] * 4, "'date(t)' is null in 3 rows, the first is row 1: this is no date"),
    ],
)  # fmt: skip
def test_a_row_without_a_value_is_null_and_told(source: str, result: list[object], finding: str) -> None:
    # given
    findings = Findings("step 1")

    # when
    found = values(source, TABLE, findings)

    # then
    assert found == result
    assert f"step 1: {finding}" in findings.all()


def test_what_can_be_computed_is_no_finding() -> None:
    findings = Findings()

    values("coalesce(i + 0, k // 1) is null or contains(t, 'x')", TABLE, findings)

    assert findings.all() == []


def test_too_many_findings_are_only_counted() -> None:
    findings = Findings()

    for number in range(MAX_FINDINGS + 5):
        findings.add(str(number))

    assert len(findings.all()) == MAX_FINDINGS + 1
    assert findings.all()[-1] == "and 5 more"


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("text(n)", ["0", None, "1e+308", "-0.5"]),
        ("text(n / 3 + 0.1)", ["0.1", None, "3.333333333333333e+307", "-0.06666666666666665"]),
        ("text(k > 0)", ["false", "true", "true", "false"]),
        ("text(timestamp('2026-01-31T12:00:00.5+02:00'))", ["2026-01-31T10:00:00.500000Z"] * 4),
        ("text(round(2.5) + round(-2.5) + round(0.125, 2) * 100)", ["13"] * 4),
    ],
)
def test_values_are_written_as_the_reference_says(source: str, text: list[str | None]) -> None:
    assert values(source, TABLE) == text

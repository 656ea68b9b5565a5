"""How a run of chaos is told."""

import json

import pytest
from tests.chaos.report import BEGIN, END, Conditions, as_json, page, percentile, table, total
from tests.chaos.verdicts import Row, Verdict

CONDITIONS = Conditions(seed=7, seconds=90, server="Valkey 9.1")
VERDICT = Verdict(
    rows={
        "killed": Row(times=2, submitted=1200, hit=9, doubled=3, flows=[0.2, 1.04], takeovers=[4.0]),
        "full": Row(times=1, submitted=10, lost=1, flows=[0.3]),
    },
    given_up=1,
    breaches=["lost: job 1"],
)


def test_a_percentile_is_one_of_the_values() -> None:
    values = [float(number) for number in range(100, 0, -1)]

    assert [percentile(values, share) for share in (0.01, 0.5, 0.95, 1.0)] == [1, 50, 95, 100]
    assert percentile([3.0], 0.95) == 3
    assert percentile([2.0, 1.0], 0.95) == 2
    assert percentile([], 0.95) is None


def test_the_table_has_a_line_for_each_fault_and_one_for_all() -> None:
    lines = [[cell.strip() for cell in line.strip("|").split("|")] for line in table(VERDICT).splitlines()]

    assert len({len(line) for line in lines}) == 1
    assert lines[2:] == [
        ["killed", "2", "1,200", "0", "9", "3", "1.0 s", "4.0 s"],
        ["full", "1", "10", "1", "0", "0", "0.3 s", "–"],
        ["**all**", "3", "1,210", "1", "9", "3", "1.0 s", "4.0 s"],
    ]


def test_the_sum_of_all_rows_leaves_them_as_they_are() -> None:
    whole = total(VERDICT.rows)

    assert (whole.times, whole.submitted, whole.lost, whole.hit, whole.doubled) == (3, 1210, 1, 9, 3)
    assert VERDICT.rows["killed"].flows == [0.2, 1.04]


def test_the_page_keeps_what_stands_around_the_table() -> None:
    once = page(f"before\n{BEGIN}\nold\n{END}\nafter\n", CONDITIONS, VERDICT)
    twice = page(once, CONDITIONS, VERDICT)

    assert once == twice
    assert once.startswith(f"before\n{BEGIN}\nSeed 7, 1.5 minutes.")
    assert once.endswith(f"{END}\nafter\n")
    assert table(VERDICT) in once
    assert "old" not in once


def test_a_page_without_a_place_for_the_table_is_refused() -> None:
    with pytest.raises(ValueError, match="no place"):
        page("a page", CONDITIONS, VERDICT)


def test_the_json_holds_what_a_machine_compares() -> None:
    told = json.loads(as_json(CONDITIONS, VERDICT))

    assert (told["seed"], told["lost"], told["doubled"], told["given_up"]) == (7, 1, 3, 1)
    assert told["breaches"] == ["lost: job 1"]
    assert told["faults"]["killed"]["flow_p95"] == 1.04
    assert told["faults"]["full"]["takeover_p95"] is None

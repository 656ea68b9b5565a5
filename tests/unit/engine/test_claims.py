"""Finish: how each outcome crosses the wire to step.lua."""

from collections import deque
from dataclasses import replace

import pytest

from afterwork.contracts import JobOptions
from afterwork.engine.work.claims import Claim, Finish
from afterwork.engine.work.following import Follower
from afterwork.engine.work.outcome import Cancelled, Done, Failed, Outcome, Released, Retry, Snoozed
from afterwork.engine.work.reports import Line, Report

ROW = (b"id", b"alpha.run", b"w:1", 2, 5, 1500, 123, 1, 1, b"payload", b"[7]", b"[]")


def test_a_claim_is_read_from_the_scripts_row() -> None:
    assert Claim.of(ROW) == Claim(
        id="id",
        kind="alpha.run",
        token="w:1",
        attempt=2,
        max_attempts=5,
        timeout=1.5,
        created_ms=123,
        deaths=1,
        is_suspect=True,
        payload=b"payload",
        checkpoint=b"[7]",
        then=b"[]",
    )


@pytest.mark.parametrize(
    ("outcome", "wire", "size"),
    [
        (Done(b"[1]"), ["succeeded", b"[1]", b""], 3),
        (Failed(b"{}"), ["failed", b"{}", 1, 0, b"{}", b"", 0, 0], 2),
        (Cancelled(b"{}"), ["cancelled", b"{}", 1, 0, b"{}", b"", 0, 0], 2),
        (Retry(0.0015, b"{}"), ["retry", b"", 1, 2, b"{}", b"", 0, 0], 2),
        (Snoozed(3), ["snoozed", b"", 1, 3000, b"", b"", 0, 0], 0),
        (Released(), ["released", b"", b""], 0),
    ],
)
def test_an_outcome_crosses_the_wire(outcome: Outcome, wire: list[object], size: int) -> None:
    finish = Finish(Claim.of(ROW), outcome)

    assert finish.wire(0.0) == ["id", "w:1", *wire]
    assert finish.size == size


def test_what_is_left_of_a_report_crosses_with_the_end_and_counts_for_its_size() -> None:
    lines = deque([Line(7.5, "info", "one"), Line(8.0, "error", "two")])
    finish = Finish(Claim.of(ROW), Done(b"[1]"), Report("id", "w:1", b'{"done":1.0}', lines))

    assert finish.wire(8.25)[7:] == [b'{"done":1.0}', 2, 750, "info", "one", 250, "error", "two", 0]
    assert finish.size == 3 + 12 + 6


def test_what_follows_crosses_with_the_end_and_counts_for_its_size() -> None:
    follower = Follower("f", "beta.run", "q", JobOptions(tags=["x"]), 3, 1.5, b"payload", "a.b", b"[{}]")
    finish = Finish(Claim.of(ROW), Done(b"[1]", (follower, replace(follower, problem=b"{}"))))

    own = ["f", "q", "beta.run", "normal", "delay", 0, 3, 1500, "", "x", "", "", "a.b", b"[{}]", b"payload"]
    assert finish.wire(0.0)[9:] == [2, *own, b"", *own, b"{}"]
    assert finish.size == 3 + 2 * (7 + 4) + 2

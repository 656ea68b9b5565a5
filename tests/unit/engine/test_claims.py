"""Finish: how each outcome crosses the wire to step.lua."""

import pytest

from afterwork.engine.claims import Claim, Finish
from afterwork.engine.outcome import Cancelled, Done, Failed, Outcome, Released, Retry, Snoozed

ROW = (b"id", b"alpha.run", b"w:1", 2, 5, 1500, 123, 1, 1, b"payload")


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
    )


@pytest.mark.parametrize(
    ("outcome", "wire", "size"),
    [
        (Done(b"[1]"), ["succeeded", 0, b"[1]", b""], 3),
        (Failed(b"{}"), ["failed", 0, b"{}", b"{}"], 2),
        (Cancelled(b"{}"), ["cancelled", 0, b"{}", b"{}"], 2),
        (Retry(0.0015, b"{}"), ["retry", 2, b"", b"{}"], 2),
        (Snoozed(3), ["snoozed", 3000, b"", b""], 0),
        (Released(), ["released", 0, b"", b""], 0),
    ],
)
def test_an_outcome_crosses_the_wire(outcome: Outcome, wire: list[object], size: int) -> None:
    finish = Finish(Claim.of(ROW), outcome)

    assert finish.wire() == ["id", "w:1", *wire]
    assert finish.size == size

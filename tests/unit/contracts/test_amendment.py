"""Amendment, tags and progress: what may be said of a job after it was accepted."""

from typing import Any

import pytest
from pydantic import ValidationError

from afterwork.contracts import Amendment, JobOptions, JobQuery, Progress
from afterwork.contracts.options import MAX_RETENTION, MAX_TAGS


@pytest.mark.parametrize(
    "amendment",
    [
        {},
        {"run_at": "2026-01-01T00:00:00+08:00"},
        {"priority": "low"},
        {"tags": []},
        {"tags": ["ünder", "a b", "x" * 64]},
    ],
)
def test_each_part_may_be_left_out(amendment: dict[str, Any]) -> None:
    assert Amendment(**amendment).model_dump(exclude_unset=True).keys() == amendment.keys()


@pytest.mark.parametrize(
    ("amendment", "fault"),
    [
        ({"run_at": "2026-01-01T00:00:00"}, "RFC 3339|timezone"),
        ({"run_at": "2200-01-01T00:00:01Z"}, "2200"),
        ({"priority": "urgent"}, "high"),
        ({"tags": ["x\ny"]}, "pattern"),
        ({"tags": ["x" * 65]}, "at most 64"),
        ({"tags": [f"{i}" for i in range(MAX_TAGS + 1)]}, "at most 16"),
        ({"max_attempts": 3}, "Extra inputs"),
        ({"delay": 3}, "Extra inputs"),
    ],
)
def test_nothing_else_can_be_changed(amendment: dict[str, Any], fault: str) -> None:
    with pytest.raises(ValidationError, match=fault):
        Amendment(**amendment)


def test_a_tag_counts_once() -> None:
    assert JobOptions(tags=["b", "a", "b"]).tags == ["b", "a"]


@pytest.mark.parametrize("tag", ["", "\n", "a\x7f", "\x85", "x" * 65])
def test_what_cannot_be_a_tag_cannot_be_asked_for(tag: str) -> None:
    with pytest.raises(ValidationError):
        JobQuery(tag=tag)


@pytest.mark.parametrize("seconds", [0.5, MAX_RETENTION + 1, float("nan"), float("inf")])
def test_a_retention_has_bounds(seconds: float) -> None:
    with pytest.raises(ValidationError):
        JobOptions(retention=seconds)


@pytest.mark.parametrize("done", [-1, float("nan"), float("inf")])
def test_progress_is_a_number_that_can_be_shown(done: float) -> None:
    with pytest.raises(ValidationError):
        Progress(done=done)
    with pytest.raises(ValidationError):
        Progress(done=1, total=done)

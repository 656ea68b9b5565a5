"""JobOptions: what a client may ask for, and what no clock or record could hold."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from afterwork.contracts import FollowUp, JobOptions, Priority
from afterwork.contracts.options import MAX_DELAY

ROW = [{"kind": "a.b", "payload": {}}] * 12


def test_nothing_need_be_said() -> None:
    assert JobOptions() == JobOptions(priority=Priority.NORMAL)


@pytest.mark.parametrize(
    "options",
    [
        {"delay": 0},
        {"delay": MAX_DELAY},
        {"run_at": "2026-01-01T00:00:00+08:00"},
        {"run_at": "1999-01-01T00:00:00Z"},
        {"run_at": "2200-01-01T00:00:00Z"},
        {"priority": "high", "max_attempts": 1, "timeout": 0.5, "unique_key": "ü 1"},
    ],
)
def test_what_can_be_done_is_accepted(options: dict[str, Any]) -> None:
    assert JobOptions(**options).model_dump(exclude_unset=True).keys() == options.keys()


@pytest.mark.parametrize(
    ("options", "fault"),
    [
        ({"delay": -1}, "greater than or equal to 0"),
        ({"delay": MAX_DELAY + 1}, "less than or equal"),
        ({"delay": float("nan")}, "finite"),
        ({"delay": float("inf")}, "finite|less than"),
        ({"run_at": "2026-01-01T00:00:00"}, "timezone"),
        ({"run_at": "2026-01-01"}, "RFC 3339"),
        ({"run_at": "2026-01-01 00:00:00Z"}, "RFC 3339"),
        ({"run_at": "2026-01-01T00:00Z"}, "RFC 3339"),
        ({"run_at": "1767225600"}, "RFC 3339"),
        ({"run_at": 1767225600}, "RFC 3339"),
        ({"start_before": "٢٠٢٦-01-01T00:00:00Z"}, "RFC 3339"),
        ({"run_at": "2200-01-01T00:00:01Z"}, "2200"),
        ({"run_at": "9999-12-31T23:59:59-12:00"}, "2200"),
        ({"run_at": datetime.max.replace(tzinfo=UTC)}, "2200"),
        ({"delay": 1, "run_at": "2026-01-01T00:00:00Z"}, "not both"),
        ({"priority": "urgent"}, "high"),
        ({"max_attempts": 0}, "greater"),
        ({"max_attempts": 1.5}, "integer"),
        ({"timeout": 0}, "greater"),
        ({"unique_key": ""}, "at least 1"),
        ({"unique_key": "x" * 201}, "at most 200"),
        ({"unique_key": "\ud800"}, "unicode"),
        ({"retention": 0}, "greater than or equal to 1"),
        ({"tags": ["x"] * 17}, "at most 16"),
        ({"tags": [""]}, "at least 1"),
        ({"tags": ["a\nb"]}, "match pattern"),
        ({"start_before": "2026-01-01T00:00:00Z", "run_at": "2026-01-01T00:00:00Z"}, "never start"),
        ({"colour": "red"}, "Extra inputs"),
        ({"then": [{"kind": "a.b", "payload": {}}] * 17}, "at most 16"),
        (
            {"then": [{"kind": "a.b", "payload": {}, "options": {"then": ROW}}] * 5},
            "more than 64 jobs in all",
        ),
        ({"then": [{"kind": "a.b\nc.d", "payload": {}}]}, "match pattern"),
        ({"then": [{"kind": "a.b", "payload": {"x": "{"}}]}, "is no placeholder"),
        ({"then": [{"kind": "a.b", "payload": []}]}, "valid dictionary"),
    ],
)
def test_what_cannot_be_done_is_refused_with_a_reason(options: dict[str, Any], fault: str) -> None:
    with pytest.raises(ValidationError, match=fault):
        JobOptions(**options)


def test_a_time_before_all_calendars_is_in_the_past() -> None:
    options = JobOptions(run_at="0001-01-01T00:00:00+14:00")

    assert options.run_at is not None
    assert options.run_at.utcoffset() == timedelta(hours=14)


def test_a_time_limit_that_rounds_to_none_is_refused() -> None:
    with pytest.raises(ValidationError, match="timeout"):
        JobOptions(timeout=0.0001)


def test_five_jobs_may_follow_one_another_and_no_more() -> None:
    row = JobOptions()
    for _ in range(5):
        row = JobOptions(then=[FollowUp(kind="a.b", payload={}, options=row)])

    with pytest.raises(ValidationError, match="deeper than 5 jobs"):
        JobOptions(then=[FollowUp(kind="a.b", payload={}, options=row)])

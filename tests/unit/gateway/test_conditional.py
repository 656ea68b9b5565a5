"""What a client has already, and what it has seen of what it wants to change."""

from datetime import UTC, datetime

import pytest
from tests.unit.gateway.records import record

from afterwork.contracts import JobState, LogLine
from gateway.http.conditional import content_tag, entity_tag, is_known, is_met, log_tag

TAG = '"3-running"'


def test_the_tag_changes_when_time_alone_makes_a_scheduled_job_due() -> None:
    assert entity_tag(record(JobState.SCHEDULED)) != entity_tag(record(JobState.QUEUED))


def test_the_tag_changes_with_the_version() -> None:
    assert entity_tag(record(version=1)) != entity_tag(record(version=2))


def test_the_tag_of_a_log_changes_with_its_last_line() -> None:
    at = datetime(2030, 1, 1, tzinfo=UTC)
    lines = [LogLine(at=at, level="info", text="x", version=version) for version in (2, 2, 5)]

    assert len({log_tag([]), log_tag(lines[:2]), log_tag(lines)}) == 3


def test_the_tag_of_what_never_changes_is_that_of_its_content() -> None:
    assert content_tag(b"1") == content_tag(b"1") != content_tag(b"2")


@pytest.mark.parametrize(
    ("values", "known"),
    [
        ([], False),
        (['"3-running"'], True),
        (['W/"3-running"'], True),
        (['"x", W/"y", "3-running"'], True),
        (['"x"', '"3-running"'], True),
        (["*"], True),
        (["3-running"], False),
        (['"3-queued"'], False),
        (['"'], False),
    ],
)
def test_a_tag_is_known_if_it_is_among_those_that_the_client_has(values: list[str], *, known: bool) -> None:
    assert is_known(TAG, values) is known


@pytest.mark.parametrize(
    ("values", "met"),
    [
        (['"3-running"'], True),
        (['W/"3-running"'], False),
        (['"x", "3-running"'], True),
        (['"x"', '"3-running"'], True),
        (["*"], True),
        ([" * "], True),
        (["3-running"], False),
        (['"2-running"'], False),
        ([""], False),
    ],
)
def test_a_condition_is_met_only_by_the_very_tag(values: list[str], *, met: bool) -> None:
    assert is_met(TAG, values) is met

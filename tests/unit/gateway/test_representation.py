"""How a job is shown, and when to look again."""

from datetime import timedelta

import pytest
from tests.unit.gateway.records import CREATED, record

from afterwork.contracts import JobState
from gateway.conditional import entity_tag, is_known
from gateway.representation import job_resource, retry_after


@pytest.mark.parametrize(
    ("state", "ahead", "seconds"),
    [
        (JobState.QUEUED, 0, "1"),
        (JobState.RUNNING, -100, "1"),
        (JobState.SCHEDULED, 0.2, "1"),
        (JobState.SCHEDULED, 89.5, "90"),
        (JobState.SCHEDULED, -5, "1"),
        (JobState.SCHEDULED, 1_000_000, "3600"),
    ],
)
def test_an_unfinished_job_says_when_to_ask_again(state: JobState, ahead: float, seconds: str) -> None:
    job = record(state, run_at=CREATED + timedelta(seconds=ahead))

    assert retry_after(job, CREATED) == {"Retry-After": seconds}


@pytest.mark.parametrize("state", [state for state in JobState if state.is_final])
def test_a_finished_job_need_not_be_asked_for_again(state: JobState) -> None:
    assert retry_after(record(state), CREATED) == {}


def test_links_lead_only_to_what_is_there() -> None:
    links = job_resource(record()).model_dump(mode="json")["links"]

    assert links.keys() == {"self", "result"}


def test_an_id_of_any_characters_has_an_address() -> None:
    job = record().model_copy(update={"id": "a b/c?d#e%é"})

    assert job_resource(job).links.self == "/v1/jobs/a%20b%2Fc%3Fd%23e%25%C3%A9"


def test_the_tag_changes_when_time_alone_makes_a_scheduled_job_due() -> None:
    assert entity_tag(record(JobState.SCHEDULED)) != entity_tag(record(JobState.QUEUED))


def test_the_tag_changes_with_the_version() -> None:
    assert entity_tag(record(version=1)) != entity_tag(record(version=2))


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
def test_a_tag_is_known_if_it_is_among_those_that_the_client_has(values: list[str], known: bool) -> None:  # noqa: FBT001
    assert is_known('"3-running"', values) is known

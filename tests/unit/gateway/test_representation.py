"""How a job is shown, and when to look again."""

from datetime import timedelta

import pytest
from pydantic import JsonValue
from tests.unit.gateway.records import CREATED, record

from afterwork.contracts import JobState
from gateway.jobs.representation import job_json, job_resource, retry_after


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

    assert retry_after(job) == {"Retry-After": seconds}


@pytest.mark.parametrize("state", [state for state in JobState if state.is_final])
def test_a_finished_job_need_not_be_asked_for_again(state: JobState) -> None:
    assert retry_after(record(state)) == {}


def test_links_lead_only_to_what_is_there() -> None:
    links = job_resource(record()).model_dump(mode="json")["links"]

    assert {name for name, address in links.items() if address} == {"self", "events", "log", "result"}


@pytest.mark.parametrize(
    ("result", "path"), [({"receipt": "receipts/1.json"}, "/receipt"), ({}, None), ([], None)]
)
def test_a_job_whose_result_names_a_receipt_leads_to_it(result: JsonValue, path: str | None) -> None:
    job = record(JobState.SUCCEEDED).model_copy(update={"result": result})

    links = job_resource(job).links

    assert links.receipt == (path and f"{links.self}{path}")


@pytest.mark.parametrize("result", [None, {"receipt": "receipts/1.json"}, [1, {"a": "é"}]])
def test_what_is_sent_is_the_resource(result: JsonValue) -> None:
    job = record(JobState.SUCCEEDED).model_copy(update={"result": result, "id": 'a "b'})

    assert job_json(job).decode() == job_resource(job).model_dump_json()


def test_an_id_of_any_characters_has_an_address() -> None:
    job = record().model_copy(update={"id": "a b/c?d#e%é"})

    assert job_resource(job).links.self == "/v1/jobs/a%20b%2Fc%3Fd%23e%25%C3%A9"


def test_when_to_ask_again_is_told_by_the_clock_that_the_job_was_scheduled_by() -> None:
    job = record(JobState.SCHEDULED, run_at=CREATED + timedelta(seconds=90))

    later = job.model_copy(update={"as_of": CREATED + timedelta(seconds=60)})

    assert retry_after(later) == {"Retry-After": "30"}


def test_when_a_job_was_read_is_not_part_of_it() -> None:
    shown = job_resource(record())

    assert "as_of" not in shown.model_dump(mode="json")
    assert "as_of" not in type(shown).model_json_schema(mode="serialization")["properties"]

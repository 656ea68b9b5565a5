"""What is seen of a job: states, problems, and models that a newer server may extend."""

import pytest
from pydantic import ValidationError

from afterwork.contracts import JobQuery, JobState, Ledger, Problem
from afterwork.contracts.probe import ProbeRun


def test_three_states_are_final() -> None:
    assert [state.value for state in JobState if state.is_final] == ["succeeded", "failed", "cancelled"]


def test_a_problem_knows_its_code_and_ignores_what_is_new() -> None:
    problem = Problem.model_validate(
        {"type": "/problems/timeout", "title": "t", "status": 500, "detail": "d", "fingerprint": "new"}
    )

    assert problem.code == "timeout"
    assert "fingerprint" not in problem.model_dump()


@pytest.mark.parametrize(
    "query", [{"page_size": 0}, {"page_size": 501}, {"state": "waiting"}, {"sort": "asc"}]
)
def test_a_query_that_makes_no_sense_is_refused(query: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        JobQuery.model_validate(query)


def test_a_ledger_misses_no_count() -> None:
    with pytest.raises(ValidationError):
        Ledger.model_validate({"accepted": 1})


@pytest.mark.parametrize(
    ("fields", "is_dangerous"),
    [
        ({}, False),
        ({"fail": "always"}, False),
        ({"mode": "blocking"}, True),
        ({"fail": "kill"}, True),
    ],
)
def test_a_probe_that_can_hurt_its_worker_is_dangerous(fields: dict[str, str], *, is_dangerous: bool) -> None:
    probe = ProbeRun.model_validate({"queue": "notifier", **fields})

    assert probe.is_dangerous is is_dangerous
    assert probe.target_queue() == "notifier"


@pytest.mark.parametrize(
    "fields", [{"seconds": -1}, {"seconds": 86_401}, {"mode": "gpu"}, {"fail": "maybe"}, {"queue": None}]
)
def test_a_probe_that_makes_no_sense_is_refused(fields: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        ProbeRun.model_validate({"queue": "notifier", **fields})

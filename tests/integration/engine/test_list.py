"""list.lua: pages of jobs, newest first, none twice and none left out."""

import pytest
from tests.integration.engine.transitions import PROBLEM, Alpha, Beta, ScriptedWorker, Transitions, new_job

from afterwork.engine import keys
from afterwork.engine.work.outcome import Done, Failed


def submit_many(transitions: Transitions, ids: list[str], *, delay: float = 0) -> None:
    """All in the same millisecond."""
    for start in range(0, len(ids), 64):
        transitions.submit(*(new_job(job_id, delay=delay) for job_id in ids[start : start + 64]))


def test_jobs_come_newest_first_over_all_states_kinds_and_queues(transitions: Transitions) -> None:
    # given jobs of every sort, a millisecond apart
    worker = ScriptedWorker(transitions)
    for job_id, kind, queue in [("1", Alpha, "q"), ("2", Beta, "q"), ("3", Alpha, "r"), ("4", Beta, "q")]:
        transitions.submit(new_job(job_id, kind(queue=queue)))
        transitions.advance(1)
    first, second = worker.claim(2)
    worker.finish(first, Done(b"1"))

    # then all of them are listed
    assert transitions.list_ids() == ["4", "3", "2", "1"]
    assert second.id == "2"


@pytest.mark.parametrize("size", [1, 7, 50, 149, 150, 500])
def test_many_jobs_of_one_millisecond_are_listed_once_each(transitions: Transitions, size: int) -> None:
    ids = [f"{i:03}" for i in range(150)]
    submit_many(transitions, ids)

    assert transitions.list_ids(size=size) == ids[::-1]


def test_a_last_page_that_is_just_full_has_no_token(transitions: Transitions) -> None:
    submit_many(transitions, ["1", "2", "3", "4"])

    assert transitions.list_page(size=4) == (["4", "3", "2", "1"], ("", ""))


def test_jobs_that_arrive_or_move_on_between_pages_spoil_none(transitions: Transitions) -> None:
    # given two thirds of a list read
    worker = ScriptedWorker(transitions)
    for i in range(9):
        transitions.submit(new_job(f"old {i}"))
        transitions.advance(1)
    seen, after = transitions.list_page(size=3)

    # when new ones come, some are claimed and some end, before each further page
    while after[1]:
        transitions.submit(new_job(f"new {after[1]}"))
        for claim in worker.claim(2):
            worker.finish(claim, Done(b"1"))
        worker.claim(1)
        transitions.advance(1)
        page, after = transitions.list_page(size=3, after=after)
        seen += page

    # then each old one was seen once
    assert seen == [f"old {i}" for i in range(8, -1, -1)]


@pytest.mark.parametrize(
    ("state", "ids"),
    [
        ("scheduled", ["later"]),
        ("queued", ["now"]),
        ("running", ["running"]),
        ("succeeded", ["good"]),
        ("failed", ["bad"]),
        ("cancelled", ["unwanted"]),
    ],
)
def test_a_state_filters(transitions: Transitions, state: str, ids: list[str]) -> None:
    worker = ScriptedWorker(transitions)
    transitions.submit(*map(new_job, ["good", "bad", "running"]))
    claims = {claim.id: claim for claim in worker.claim(3)}
    worker.finish(claims["good"], Done(b"1"))
    worker.finish(claims["bad"], Failed(PROBLEM))
    transitions.submit(new_job("unwanted"), new_job("now"), new_job("later", delay=5))
    transitions.cancel("unwanted")

    assert transitions.list_ids(state) == ids


def test_kind_and_queue_filter_alone_and_together(transitions: Transitions) -> None:
    transitions.submit(
        new_job("1", Alpha()),
        new_job("2", Beta()),
        new_job("3", Alpha(queue="r")),
        new_job("4", Beta(queue="r")),
    )

    assert transitions.list_ids(kind="alpha.run") == ["3", "1"]
    assert transitions.list_ids(queue="r") == ["4", "3"]
    assert transitions.list_ids("queued", "beta.run", "r") == ["4"]
    assert transitions.list_ids(kind="unknown.kind") == transitions.list_ids(queue="unknown") == []


def test_a_page_looks_at_a_thousand_candidates_and_has_a_token_even_if_it_is_empty(
    transitions: Transitions,
) -> None:
    # given a queued job that is older than 1,500 scheduled ones
    transitions.submit(new_job("queued"))
    transitions.advance(1)
    ids = [f"{i:04}" for i in range(1500)]
    submit_many(transitions, ids, delay=60)

    # when the queued ones are listed
    page, after = transitions.list_page("queued", size=10)

    # then the first page is empty but not the last, and goes on where it stopped
    assert page == []
    assert after[1] == ids[-keys.LIST_CANDIDATES]
    assert transitions.list_page("queued", size=10, after=after) == (["queued"], ("", ""))


def test_a_listed_job_that_failed_brings_its_problem(transitions: Transitions) -> None:
    worker = ScriptedWorker(transitions)
    transitions.submit(new_job("bad"), new_job("good"))
    good_and_bad = {claim.id: claim for claim in worker.claim()}
    worker.finish(good_and_bad["bad"], Failed(PROBLEM))
    worker.finish(good_and_bad["good"], Done(b'"a large result"'))

    _, rows, _, _ = transitions.call("list", "", "", "", "", "", 10, "", "")

    envelopes = {row[0]: row[2] for row in rows}
    assert PROBLEM in envelopes[b"bad"]
    assert envelopes[b"good"] is None

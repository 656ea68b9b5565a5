"""Tags: jobs are found by them whatever becomes of the jobs, at a cost that does not grow with all others."""

import pytest
from tests.integration.engine.transitions import (
    PROBLEM,
    START,
    Alpha,
    Beta,
    ScriptedWorker,
    Transitions,
    new_job,
)

from afterwork.contracts import JobOptions, JobQuery
from afterwork.engine import JobClient, keys
from afterwork.engine.work.outcome import Done, Failed, Retry

HOUR = 3_600_000


def reads(transitions: Transitions) -> dict[str, int]:
    """How often each command ran since the statistics were reset, the scripts' own included."""
    stats = transitions.redis.info("commandstats")
    return {name.removeprefix("cmdstat_"): counts["calls"] for name, counts in stats.items()}


def test_a_job_is_found_by_each_of_its_tags_newest_first(transitions: Transitions) -> None:
    for job_id, tags in [("1", ["x"]), ("2", []), ("3", ["x", "y"]), ("4", ["y"])]:
        transitions.submit(new_job(job_id, tags=tags))
        transitions.advance(1)

    assert transitions.list_ids(tag="x") == ["3", "1"]
    assert transitions.list_ids(tag="y") == ["4", "3"]
    assert transitions.list_ids(tag="z") == []


@pytest.mark.parametrize("tag", ["a:b", "ünder", " ", "*", "x" * 64, "-inf", "1e3"])
def test_a_tag_may_be_any_word(transitions: Transitions, tag: str) -> None:
    transitions.submit(new_job("a", tags=[tag, "other"]), new_job("b"))

    assert transitions.list_ids(tag=tag) == ["a"]


def test_a_job_keeps_its_tags_through_its_whole_life_and_they_go_with_it(transitions: Transitions) -> None:
    # given a job with a tag
    worker = ScriptedWorker(transitions)
    transitions.submit(new_job("a", tags=["x", "y"]))

    # then it is found while it waits, runs, waits again, fails, is retried and has ended
    def is_found() -> bool:
        return transitions.list_ids(tag="x") == transitions.list_ids(tag="y") == ["a"]

    assert is_found()
    (claim,) = worker.claim()
    assert is_found()
    worker.finish(claim, Retry(0, PROBLEM))
    assert is_found()
    worker.finish(worker.claim()[0], Failed(PROBLEM))
    assert is_found()
    transitions.retry("a")
    worker.finish(worker.claim()[0], Done(b"1"))
    assert is_found()

    # and no trace of the tags is left when it is swept
    transitions.advance(24 * HOUR)
    assert transitions.sweep() == 1
    assert transitions.redis.keys("aw:tag:*") == []


def test_a_tag_is_filtered_further_by_all_other_filters(transitions: Transitions) -> None:
    # given jobs of every sort, all but one under one tag
    worker = ScriptedWorker(transitions, kinds=[Beta])
    transitions.submit(
        new_job("alpha", tags=["x"]),
        new_job("beta", Beta(), tags=["x"]),
        new_job("other queue", Alpha(queue="r"), tags=["x"]),
        new_job("later", delay=5, tags=["x"]),
        new_job("untagged"),
    )
    worker.finish(worker.claim()[0], Done(b"1"))

    # then each filter leaves what it should
    assert transitions.list_ids("queued", tag="x") == ["other queue", "alpha"]
    assert transitions.list_ids("scheduled", tag="x") == ["later"]
    assert transitions.list_ids("succeeded", tag="x") == ["beta"]
    assert transitions.list_ids(kind="beta.run", tag="x") == ["beta"]
    assert transitions.list_ids(queue="r", tag="x") == ["other queue"]
    assert transitions.list_ids("queued", "alpha.run", "q", tag="x") == ["alpha"]


@pytest.mark.parametrize("tag", ["", "x"])
def test_only_jobs_accepted_later_than_a_moment_are_listed(transitions: Transitions, tag: str) -> None:
    # given six jobs in pairs, a millisecond apart
    for i in range(3):
        transitions.submit(new_job(f"{i}-a", tags=["x"]), new_job(f"{i}-b", tags=["x"]))
        transitions.advance(1)

    # then the moment itself does not count, and pages make no difference
    for size in (1, 50):
        assert transitions.list_ids(tag=tag, created_after=START, size=size) == ["2-b", "2-a", "1-b", "1-a"]
        assert transitions.list_ids(tag=tag, created_after=START + 2, size=size) == []
        assert len(transitions.list_ids(tag=tag, created_after=START - 1, size=size)) == 6


async def test_the_client_hands_both_filters_on(client: JobClient) -> None:
    first = (await client.submit(Alpha(), JobOptions(tags=["x"]))).job
    await client.submit(Alpha(), JobOptions(tags=["y"]))

    async def listed(query: JobQuery) -> list[str]:
        return [job.id for job in (await client.list(query)).jobs]

    assert await listed(JobQuery(tag="x")) == [first.id]
    assert await listed(JobQuery(tag="x", created_after=first.created_at)) == []
    assert len(await listed(JobQuery(created_after="2000-01-01T00:00:00.123456Z"))) == 2


def test_ten_thousand_tags_over_ten_thousand_jobs_cost_a_page_no_more_than_its_own_jobs(
    transitions: Transitions,
) -> None:
    # given 10,000 jobs, each under 16 of 10,000 tags, so that each tag has 16 jobs
    count = 10_000
    for start in range(0, count, keys.BATCH_JOBS):
        batch = range(start, min(start + keys.BATCH_JOBS, count))
        transitions.submit(
            *(new_job(f"{i:05}", tags=[f"tag-{(i + 7 * n) % count}" for n in range(16)]) for i in batch)
        )
        transitions.advance(1)
    assert len(transitions.redis.keys("aw:tag:*")) == count

    # when the jobs of one tag are listed
    transitions.redis.config_resetstat()
    ids, after = transitions.list_page(tag="tag-5000", size=50)

    # then these are the right ones, and as many records were read
    assert ids == sorted((f"{(5000 - 7 * n) % count:05}" for n in range(16)), reverse=True)
    assert after == ("", "")
    assert reads(transitions)["hgetall"] == 16
    assert reads(transitions)["zrevrangebyscore"] <= 4


def test_a_page_of_a_tag_that_all_jobs_have_looks_at_a_thousand_records_at_most(
    transitions: Transitions,
) -> None:
    # given a tag of 2,000 jobs, of which only the oldest is of another kind
    transitions.submit(new_job("rare", Beta(), tags=["x"]))
    for start in range(0, 2000, 50):
        transitions.advance(1)
        transitions.submit(*(new_job(f"{i:04}", tags=["x"]) for i in range(start, start + 50)))

    # when the rare one is looked for
    transitions.redis.config_resetstat()
    page, after = transitions.list_page(kind="beta.run", tag="x", size=50)

    # then one call looks at a thousand, reads none whole, and says where to go on
    assert (page, after[1]) == ([], "1000")
    assert reads(transitions)["hmget"] <= keys.LIST_CANDIDATES + 5
    assert reads(transitions).get("hgetall", 0) == 0
    assert transitions.list_ids(kind="beta.run", tag="x") == ["rare"]

    # and a page of all reads as many whole as it shows
    transitions.redis.config_resetstat()
    assert len(transitions.list_page(tag="x", size=100)[0]) == 100
    assert reads(transitions)["hgetall"] == 100

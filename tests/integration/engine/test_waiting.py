"""`JobClient.wait`: the end is pushed, and once subscribed nobody asks for it."""

import asyncio

import pytest
from tests.integration.engine.transitions import PROBLEM, Alpha, ScriptedWorker, Transitions
from tests.integration.engine.waiters import calls_of_scripts, followed, submit, subscribers, waiting
from tests.integration.workers.waiting import elapsed, true
from tests.servers import RedisServer

from afterwork import errors
from afterwork.contracts import JobState
from afterwork.engine import JobClient, keys
from afterwork.engine.work.outcome import Cancelled, Done, Failed, Retry, Snoozed

CONNECTIONS = 4
"""More than a client may need, however many wait in it: one that listens, and one for looks."""


# ------------------------------------------------------------------------------------------------ ends


async def test_a_job_that_has_ended_is_answered_at_once(client: JobClient, worker: ScriptedWorker) -> None:
    job_id = await submit(client)
    worker.finish(worker.claim()[0], Done(b'{"x":1}'))

    async with asyncio.timeout(5):
        job = await client.wait(job_id, timeout=60)

    assert (job.state, job.result) == (JobState.SUCCEEDED, {"x": 1})


@pytest.mark.parametrize(
    ("outcome", "state"),
    [
        (Done(b"1"), JobState.SUCCEEDED),
        (Failed(PROBLEM), JobState.FAILED),
        (Cancelled(PROBLEM), JobState.CANCELLED),
    ],
)
async def test_the_end_reaches_everybody_who_waits(
    client: JobClient,
    transitions: Transitions,
    worker: ScriptedWorker,
    outcome: Done | Failed | Cancelled,
    state: JobState,
) -> None:
    # given two who wait for one job and one for another
    job_id, other = await submit(client), await submit(client)
    async with waiting(client, job_id, job_id, other) as (one, two, three):
        await followed(transitions, job_id, other)

        # when the first ends
        claims = {claim.id: claim for claim in worker.claim()}
        worker.finish(claims[job_id], outcome)

        # then both hear of it, and the third goes on waiting
        async with asyncio.timeout(5):
            assert [(await task).state for task in (one, two)] == [state, state]
        assert not three.done()


async def test_a_job_that_is_cancelled_while_it_waits_is_answered(
    client: JobClient, transitions: Transitions
) -> None:
    job_id = await submit(client)
    async with waiting(client, job_id) as (waiter,):
        await followed(transitions, job_id)

        await client.cancel(job_id)

        async with asyncio.timeout(5):
            assert (await waiter).state is JobState.CANCELLED


async def test_only_the_end_ends_the_waiting(
    client: JobClient, transitions: Transitions, worker: ScriptedWorker
) -> None:
    # given somebody who waits, and somebody else who waits for another job over the same connection
    other = (await client.submit(Alpha(queue="r"))).job.id
    job_id = await submit(client)
    async with waiting(client, job_id, other) as (waiter, witness):
        await followed(transitions, job_id, other)
        await client.ledger()  # by now both have looked
        transitions.redis.config_resetstat()

        # when the job goes through attempts and reports, and then the other one ends
        for outcome in (Retry(0, PROBLEM), Snoozed(0)):
            (claim,) = worker.claim()
            worker.report(claim, b'{"done":1}', "a line")
            worker.finish(claim, outcome)
        (claim,) = worker.claim()
        transitions.cancel(other)
        async with asyncio.timeout(5):
            await witness
        await client.ledger()

        # then only who waits for the other one has looked: 8 calls are the test's own
        assert calls_of_scripts(transitions) == 8 + 1 + 1
        assert not waiter.done()

        # and at its end the first one does
        worker.finish(claim, Done(b"1"))
        async with asyncio.timeout(5):
            assert (await waiter).version > 7
        assert calls_of_scripts(transitions) == 8 + 1 + 1 + 2


async def test_at_the_end_of_the_time_the_job_is_shown_as_it_is(
    client: JobClient, transitions: Transitions, worker: ScriptedWorker
) -> None:
    # given a job that goes on while somebody waits for a moment
    job_id = await submit(client)
    waiter = asyncio.create_task(client.wait(job_id, timeout=0.3))
    await followed(transitions, job_id)
    worker.claim()

    # then the answer is the job as it is by now, and nobody is subscribed any more
    job = await waiter
    assert (job.state, job.attempt) == (JobState.RUNNING, 1)
    await true(lambda: subscribers(transitions, job_id) == 0)


@pytest.mark.parametrize("seconds", [0, -1])
async def test_who_does_not_want_to_wait_is_answered_at_once(client: JobClient, seconds: float) -> None:
    job_id = await submit(client)

    async with asyncio.timeout(5):
        assert (await client.wait(job_id, timeout=seconds)).state is JobState.QUEUED


async def test_an_unknown_job_is_not_waited_for(client: JobClient, transitions: Transitions) -> None:
    async with asyncio.timeout(5):
        with pytest.raises(errors.NotFound):
            await client.wait("unknown", timeout=60)

    await true(lambda: subscribers(transitions, "unknown") == 0)


async def test_a_job_that_is_removed_meanwhile_is_not_found(
    client: JobClient, transitions: Transitions
) -> None:
    job_id = await submit(client)
    waiter = asyncio.create_task(client.wait(job_id, timeout=0.5))
    await followed(transitions, job_id)
    transitions.redis.delete(keys.JOB + job_id)

    with pytest.raises(errors.NotFound):
        await waiter


# ------------------------------------------------------------------------------------------------ cost


async def test_a_thousand_wait_over_one_connection_and_nobody_asks_meanwhile(
    engine_server: RedisServer, transitions: Transitions, worker: ScriptedWorker
) -> None:
    # given a thousand jobs, and one client in which each of them is waited for
    transitions.use_real_clock()
    async with JobClient.connect(engine_server.url) as client:
        ids = [
            submitted.job.id
            for submitted in await asyncio.gather(*(client.submit(Alpha()) for _ in range(1000)))
        ]
        before = len(transitions.redis.client_list())
        transitions.redis.config_resetstat()
        async with waiting(client, *ids) as tasks:
            await followed(transitions, ids[0], ids[-1])
            await true(lambda: calls_of_scripts(transitions) >= 1000)

            # then one connection listens for all of them, and each was looked at once
            listening = [one for one in transitions.redis.client_list() if int(one["sub"])]
            assert [int(one["sub"]) for one in listening] == [1000]
            assert len(transitions.redis.client_list()) - before < CONNECTIONS
            assert calls_of_scripts(transitions) == 1000

            # and as time goes by, nothing is asked
            await elapsed(1.5)
            assert calls_of_scripts(transitions) == 1000
            assert not any(task.done() for task in tasks)

            # and when all end, each costs one more look
            transitions.redis.config_resetstat()
            steps = 0
            while claims := worker.claim():
                steps += 1 + len(claims)
                for claim in claims:
                    worker.finish(claim, Done(b"1"))
            async with asyncio.timeout(20):
                jobs = await asyncio.gather(*tasks)
            assert {job.state for job in jobs} == {JobState.SUCCEEDED}
            assert calls_of_scripts(transitions) == steps + 1 + 1000
            assert len(transitions.redis.client_list()) - before < CONNECTIONS
        await true(lambda: not transitions.redis.pubsub_channels(keys.CHANGED + "*"))

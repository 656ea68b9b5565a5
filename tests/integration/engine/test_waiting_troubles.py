"""`JobClient.wait`: no cut connection, restart, race or change of mind makes anybody miss an end."""

import asyncio
import time
from contextlib import AsyncExitStack

import pytest
from tests.integration.engine.transitions import ScriptedWorker, Transitions
from tests.integration.engine.waiters import followed, submit, subscribers, waiting
from tests.integration.workers.waiting import true
from tests.servers import RedisServer

from afterwork import errors
from afterwork.contracts import JobState
from afterwork.engine import JobClient, keys
from afterwork.engine.jobs.changes import BATCH, Changes
from afterwork.engine.server import connection
from afterwork.engine.work.outcome import Done


async def test_a_subscription_that_is_cut_off_is_made_anew_and_misses_nothing(
    client: JobClient, transitions: Transitions, worker: ScriptedWorker
) -> None:
    # given two who wait
    job_id, other = await submit(client), await submit(client)
    async with waiting(client, job_id, other) as (first, second):
        await followed(transitions, job_id, other)
        claims = {claim.id: claim for claim in worker.claim()}

        # when their connection is cut off, and one job ends before there is a new one
        with transitions.redis.pipeline(transaction=True) as pipe:
            pipe.client_kill_filter(_type="pubsub")
            pipe.execute()
        worker.finish(claims[job_id], Done(b"1"))

        # then its waiter hears of it, and so does the other when its job ends
        async with asyncio.timeout(10):
            assert (await first).state is JobState.SUCCEEDED
        await followed(transitions, other)
        worker.finish(claims[other], Done(b"2"))
        async with asyncio.timeout(5):
            assert (await second).result == 2


async def test_a_subscription_that_is_cut_off_again_and_again_misses_nothing(
    client: JobClient, transitions: Transitions, worker: ScriptedWorker
) -> None:
    for turn in range(10):
        job_id = await submit(client)
        async with waiting(client, job_id) as (waiter,):
            if turn % 2:
                await followed(transitions, job_id)
            (claim,) = worker.claim()
            transitions.redis.client_kill_filter(_type="pubsub")
            worker.finish(claim, Done(b"1"))
            async with asyncio.timeout(10):
                assert (await waiter).state is JobState.SUCCEEDED


async def test_who_waits_outlives_a_restart_of_the_server(engine_server: RedisServer) -> None:
    # given a server with a file, and two who wait
    with RedisServer(engine_server.binary) as server, Transitions(server) as transitions:
        transitions.use_real_clock()
        worker = ScriptedWorker(transitions)
        async with JobClient.connect(server.url) as client:
            job_id, other = await submit(client), await submit(client)
            async with waiting(client, job_id, other) as (first, second):
                await followed(transitions, job_id, other)
                claims = {claim.id: claim for claim in worker.claim()}

                # when the server is killed and comes back, and one job ends at once
                server.kill()
                await asyncio.to_thread(server.start)
                worker.finish(claims[job_id], Done(b"1"))

                # then both ends are heard of
                async with asyncio.timeout(20):
                    assert (await first).result == 1
                await followed(transitions, other)
                worker.finish(claims[other], Done(b"2"))
                async with asyncio.timeout(5):
                    assert (await second).result == 2


async def test_nobody_can_begin_to_wait_without_redis(engine_server: RedisServer) -> None:
    with RedisServer(engine_server.binary) as server:
        async with JobClient.connect(server.url) as client:
            job_id = await submit(client)
            server.stop()

            began = time.monotonic()
            with pytest.raises(errors.QueueUnavailable):
                await client.wait(job_id, timeout=60)

            assert time.monotonic() - began < 4


async def test_an_end_between_the_look_and_the_subscription_is_not_missed(
    engine_server: RedisServer, transitions: Transitions
) -> None:
    """Jobs end at every moment while waiters subscribe, look, leave and come back, for the same and other jobs."""
    transitions.use_real_clock()
    async with JobClient.connect(engine_server.url) as client, JobClient.connect(engine_server.url) as other:

        async def one(turn: int) -> None:
            job_id = await submit(other)
            waiters = [asyncio.create_task(client.wait(job_id, timeout=60)) for _ in range(1 + turn % 3)]
            for _ in range(turn % 7):
                await asyncio.sleep(0)
            if turn % 5 == 0:
                waiters.pop(0).cancel()
            await asyncio.sleep(turn % 11 / 2000)
            waiters.append(asyncio.create_task(client.wait(job_id, timeout=60)))
            await other.cancel(job_id)
            async with asyncio.timeout(20):
                assert [(await waiter).state for waiter in waiters] == [JobState.CANCELLED] * len(waiters)

        for start in range(0, 400, 40):
            await asyncio.gather(*(one(turn) for turn in range(start, start + 40)))


async def test_those_who_give_up_leave_nothing_behind(client: JobClient, transitions: Transitions) -> None:
    # given many who begin to wait for one job and leave at different moments
    job_id = await submit(client)
    for turn in range(60):
        task = asyncio.create_task(client.wait(job_id, timeout=60))
        for _ in range(turn):
            await asyncio.sleep(0)
        task.cancel()
        async with asyncio.timeout(5):  # and not when their time is over
            await asyncio.wait([task])

    # then nobody listens any more, and who comes then is served
    await true(lambda: subscribers(transitions, job_id) == 0)
    async with waiting(client, job_id) as (waiter,):
        await followed(transitions, job_id)
        await client.cancel(job_id)
        async with asyncio.timeout(5):
            assert (await waiter).state is JobState.CANCELLED


@pytest.mark.parametrize("pick", range(0, 1500, 250))
async def test_who_comes_while_many_others_are_let_go_hears_of_its_job(
    engine_server: RedisServer, transitions: Transitions, pick: int
) -> None:
    # given many more followed jobs than fit into one command
    jobs = [f"job-{number}" for number in range(3 * BATCH)]
    channels = [keys.CHANGED + job for job in jobs]
    redis = connection.connect(engine_server.url)
    changes = Changes(redis)
    async with AsyncExitStack() as followers:
        await asyncio.gather(*(followers.enter_async_context(changes.of(job)) for job in jobs))
        await true(lambda: sum(count for _, count in transitions.redis.pubsub_numsub(*channels)) == len(jobs))

    # when all are let go, and while that is being told one of them is followed again
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    async with changes.of(jobs[pick]) as follower:
        # then it is subscribed to, and hears of its end
        channel = keys.CHANGED + jobs[pick]
        await true(
            lambda: sum(count for _, count in transitions.redis.pubsub_numsub(*channels)) == 1, deadline=5
        )
        transitions.redis.publish(channel, "2 succeeded")
        async with asyncio.timeout(5):
            await follower.end()
    await changes.close()
    await connection.close(redis)

"""`JobClient.events`: a reader hears everything there is to hear, in order, however late, slow or often cut off."""

import asyncio

import pytest
from tests.integration.engine.readers import Reader, reading, states
from tests.integration.engine.transitions import PROBLEM, Alpha, ScriptedWorker, Transitions, report
from tests.servers import RedisServer

from afterwork import errors
from afterwork.contracts import Amendment, JobOptions, LogLine, Progress, StateChange
from afterwork.engine import JobClient, keys
from afterwork.engine.work.outcome import Done, Failed, Retry, Snoozed

LEASE = 1000


async def submit(client: JobClient, options: JobOptions | None = None) -> str:
    return (await client.submit(Alpha(), options)).job.id


async def live(reader: Reader, transitions: Transitions, client: JobClient, job_id: str) -> None:
    """A whole life, each step after the reader has seen the one before: everything that a job can go through."""
    first = ScriptedWorker(transitions, "first", lease=LEASE)
    await reader.has_state("queued")
    (claim,) = first.claim()
    await reader.has_state("running")
    first.report(claim, b'{"done":1}', "one", "two")
    await reader.has(lambda events: any(isinstance(event.what, Progress) for event in events))
    first.finish(claim, Retry(0, PROBLEM), report(claim, b'{"done":2}', "three"))
    await reader.has_state("queued", 2)
    (claim,) = first.claim()
    await reader.has_state("running", 2)
    first.release(claim)
    await reader.has_state("queued", 3)
    first.claim()
    await reader.has_state("running", 3)
    transitions.redis.zadd("aw:leases:q", {job_id: 1})  # its worker dies
    transitions.reap(lease=60_000)
    await reader.has_state("queued", 4)
    (claim,) = first.claim()
    await reader.has_state("running", 4)
    first.finish(claim, Snoozed(3600))
    await reader.has_state("scheduled")
    await client.amend(job_id, Amendment(run_at="2020-01-01T00:00:00Z"))
    await reader.has_state("queued", 5)
    (claim,) = first.claim()
    await reader.has_state("running", 5)
    await client.cancel(job_id)
    first.finish(claim, Retry(0, PROBLEM), report(claim, b"", "four"))
    await reader.has_state("cancelled")


async def test_a_reader_sees_every_state_line_and_progress_of_a_life(
    client: JobClient, transitions: Transitions
) -> None:
    job_id = await submit(client)
    async with reading(client, job_id) as reader:
        await live(reader, transitions, client, job_id)
        async with asyncio.timeout(5):
            await reader.task

    # each once, and the stream has ended
    assert states(reader.events) == [
        *("queued", "running", "queued", "running", "queued", "running", "queued", "running"),
        *("scheduled", "queued", "running", "cancelled"),
    ]
    assert [event.what.text for event in reader.events if isinstance(event.what, LogLine)] == [
        "one",
        "two",
        "three",
        "four",
    ]
    assert [event.what.done for event in reader.events if isinstance(event.what, Progress)] == [1, 2]

    # and who comes later reads the same, but for progress that was overtaken
    async with reading(client, job_id) as later:
        async with asyncio.timeout(5):
            await later.task
    assert states(later.events) == states(reader.events)
    overtaken = [event for event in reader.events if event.what == Progress(done=1)]
    assert [event for event in reader.events if event not in overtaken] == later.events


async def test_readers_who_come_back_read_on_where_they_were(
    client: JobClient, transitions: Transitions
) -> None:
    # given a reader who reads everything, and the whole of it
    job_id = await submit(client)
    async with reading(client, job_id) as reader:
        await live(reader, transitions, client, job_id)
        await reader.task
    versions = sorted({event.version for event in reader.events})

    # when somebody comes back after each of the versions
    for after in versions:
        async with reading(client, job_id, after) as again:
            async with asyncio.timeout(5):
                await again.task

            # then the rest is read, and nothing twice
            assert states(again.events) == states([event for event in reader.events if event.version > after])
            assert all(event.version > after for event in again.events)


async def test_two_hundred_quick_transitions_are_told_in_order_and_without_repetition(
    client: JobClient, transitions: Transitions, worker: ScriptedWorker
) -> None:
    # given a reader
    job_id = await submit(client)
    async with reading(client, job_id) as reader:
        await reader.has_state("queued")

        # when the job is claimed and snoozed a hundred times, with hardly a pause
        for turn in range(100):
            (claim,) = worker.claim()
            worker.finish(claim, Snoozed(0), report(claim, b"", f"turn {turn}"))
            await asyncio.sleep(0)
        worker.finish(worker.claim()[0], Done(b"1"))
        async with asyncio.timeout(10):
            await reader.task

    # then what is told has no gap but what the history no longer held, and ends with the end
    versions = [event.version for event in reader.events if isinstance(event.what, StateChange)]
    assert versions == sorted(set(versions))
    assert states(reader.events)[-1] == "succeeded"
    told = dict(zip(versions, states(reader.events), strict=True))
    assert all(
        state == ("running" if version % 2 == 0 else "queued")
        for version, state in told.items()
        if version < 203
    )
    lines = [event.what.text for event in reader.events if isinstance(event.what, LogLine)]
    assert lines == [f"turn {turn}" for turn in range(100)]


async def test_a_slow_reader_holds_nobody_up_and_misses_nothing_that_is_kept(
    client: JobClient, transitions: Transitions, worker: ScriptedWorker
) -> None:
    # given a reader who has read the beginning and then reads no more, and one who does
    job_id = await submit(client)
    async with reading(client, job_id) as slow, reading(client, job_id) as quick:
        slow.open_gate.clear()
        await slow.has_state("queued")

        # when much happens
        for turn in range(10):
            (claim,) = worker.claim()
            worker.report(claim, b"", f"turn {turn}")
            worker.finish(claim, Snoozed(0))
        worker.finish(worker.claim()[0], Done(b"1"))
        await quick.has_state("succeeded")
        assert states(slow.events) == ["queued"]

        # then the slow one reads all of it, in few parts
        slow.open_gate.set()
        async with asyncio.timeout(5):
            await slow.task
        assert states(slow.events) == states(quick.events)
        assert len(states(slow.events)) == 1 + 2 * 10 + 2
        assert slow.batches == 2


async def test_a_reader_is_told_at_once_and_asks_for_nothing_meanwhile(
    client: JobClient, transitions: Transitions
) -> None:
    job_id = await submit(client)
    async with reading(client, job_id) as reader:
        await reader.has_state("queued")
        transitions.redis.config_resetstat()
        await asyncio.sleep(0)
        await client.cancel(job_id)  # two calls
        async with asyncio.timeout(5):
            await reader.task

    stats = transitions.redis.info("commandstats")
    assert sum(stats.get(f"cmdstat_{name}", {"calls": 0})["calls"] for name in ("eval", "evalsha")) <= 4


async def test_a_reader_of_a_job_that_has_ended_is_told_all_and_sent_home(
    client: JobClient, worker: ScriptedWorker
) -> None:
    job_id = await submit(client)
    worker.finish(worker.claim()[0], Failed(PROBLEM))

    async with asyncio.timeout(5):
        batches = [batch async for batch in client.events(job_id)]
        after_the_end = [batch async for batch in client.events(job_id, after=99)]

    (batch,) = batches
    assert states(list(batch)) == ["queued", "running", "failed"]
    assert after_the_end == []


async def test_an_unknown_job_has_no_events(client: JobClient) -> None:
    with pytest.raises(errors.NotFound):
        await anext(client.events("unknown"))


async def test_a_reader_whose_job_is_removed_is_told_so(
    client: JobClient, transitions: Transitions, worker: ScriptedWorker
) -> None:
    job_id = await submit(client)
    async with reading(client, job_id) as reader:
        await reader.has_state("queued")
        transitions.redis.delete(keys.JOB + job_id)
        transitions.redis.publish(keys.CHANGED + job_id, "9 running")

        with pytest.raises(errors.NotFound):
            await asyncio.wait_for(reader.task, 5)


async def test_a_reader_outlives_lost_connections_and_a_restart(engine_server: RedisServer) -> None:
    # given a reader of a job on a server with a file
    with RedisServer(engine_server.binary) as server, Transitions(server) as transitions:
        transitions.use_real_clock()
        worker = ScriptedWorker(transitions)
        async with JobClient.connect(server.url) as client:
            job_id = await submit(client)
            async with reading(client, job_id) as reader:
                await reader.has_state("queued")

                # when the connection is cut off just before a change
                transitions.redis.client_kill_filter(_type="pubsub")
                (claim,) = worker.claim()
                await reader.has_state("running")

                # and the server is killed, and a change comes right after its return
                server.kill()
                await asyncio.to_thread(server.start)
                worker.report(claim, b"", "still here")
                worker.finish(claim, Done(b"1"))

                # then nothing is missed
                async with asyncio.timeout(20):
                    await reader.task
            assert states(reader.events) == ["queued", "running", "succeeded"]
            assert [event.what.text for event in reader.events if isinstance(event.what, LogLine)] == [
                "still here"
            ]

"""Limits and pauses hold over several real workers, some of which are killed meanwhile."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from tests.integration.workers import short_jobs, unruly, waiting
from tests.integration.workers.conftest import Services
from tests.integration.workers.supervision import Supervisor, supervised
from tests.integration.workers.unruly.contracts import QUEUE, Behave, Share
from tests.processes import ServiceProcess
from tests.servers import RedisServer

from afterwork.contracts import FeedEvent, Job, JobState, KindLimits
from afterwork.contracts.probe import ProbeRun
from afterwork.engine import JobClient

KIND = "probe.run"
SETTINGS: dict[str, object] = {"lease": 1, "worker__concurrency": 10}
WORKERS = 3


async def fleet(
    client: JobClient, services: Services, server: RedisServer, module: str, **settings: object
) -> list[ServiceProcess]:
    """Workers, whose queue and kinds are known."""
    processes = [services.start(module, server.url, **(SETTINGS | settings)) for _ in range(WORKERS)]
    await waiting.eventually(client.queues, bool)
    return processes


async def all_of(client: JobClient, ids: Sequence[str]) -> list[Job]:
    return [await client.get(job_id) for job_id in ids]


async def some_running(client: JobClient, ids: Sequence[str], count: int = 1) -> list[Job]:
    """Jobs that run now, at least so many."""

    async def read() -> list[Job]:
        return [job for job in await all_of(client, ids) if job.state is JobState.RUNNING]

    return await waiting.eventually(read, lambda running: len(running) >= count)


@asynccontextmanager
async def kept(processes: Sequence[ServiceProcess]) -> AsyncIterator[list[Supervisor]]:
    """Each is started again whenever it ends."""
    if not processes:
        yield []
        return
    async with supervised(processes[0]) as first, kept(processes[1:]) as rest:
        yield [first, *rest]


async def feed_of(client: JobClient, place: str) -> list[FeedEvent]:
    """All that was told after a place, until now."""
    end = await client.feed_place()
    told: list[FeedEvent] = []
    async for batch in client.feed(place):
        events = [event for event in batch.events if isinstance(event, FeedEvent)]
        assert len(events) == len(batch.events), "nothing is missing"
        told += events
        if batch.place == end:
            break
    return told


def running_at_most(events: Sequence[FeedEvent]) -> int:
    """The most jobs that ran at a time, by their records."""
    running: set[str] = set()
    most = 0
    for event in events:  # of one step those that end stand before those that start
        running.discard(event.job_id)
        if event.state is JobState.RUNNING:
            running.add(event.job_id)
        most = max(most, len(running))
    return most


async def test_under_kills_no_more_run_than_may_and_all_are_done(
    client: JobClient, redis_server: RedisServer, services: Services
) -> None:
    # given three workers for thirty jobs at a time, and a limit of four
    processes = await fleet(client, services, redis_server, "notifier")
    await client.limit("notifier", KIND, KindLimits(max_running=4))
    place = await client.feed_place()

    # when one worker after the other is killed in the middle
    async with kept(processes):
        ids = await short_jobs.submit(client, 0.1, count=80)
        for process in processes:
            await some_running(client, ids)
            await asyncio.to_thread(process.kill)
        jobs = await waiting.ended(client, *ids, deadline=90)

    # then
    assert {job.state for job in jobs} == {JobState.SUCCEEDED}
    assert running_at_most(await feed_of(client, place)) == 4
    await short_jobs.assert_balanced(client)


async def test_under_kills_no_second_holds_more_starts_than_may_and_other_kinds_go_on(
    client: JobClient, redis_server: RedisServer, services: Services, tmp_path: Path
) -> None:
    # given
    limit = 8
    processes = await fleet(client, services, redis_server, unruly.MODULE)
    await client.limit(QUEUE, KIND, KindLimits(max_per_second=limit))
    place = await client.feed_place()

    # when
    async with kept(processes):
        ids = [(await client.submit(ProbeRun(queue=QUEUE))).job.id for _ in range(4 * limit)]
        other = Behave(until=str(tmp_path), started=str(tmp_path / "started"))
        others = [(await client.submit(other)).job.id for _ in range(50)]
        await waiting.ended(client, *others)
        unhindered = [job for job in await all_of(client, ids) if job.state is JobState.QUEUED]
        await asyncio.to_thread(processes[0].kill)
        await waiting.ended(client, *ids, deadline=60)

    # then
    starts = [
        round(event.at.timestamp() * 1000)
        for event in await feed_of(client, place)
        if event.kind == KIND and event.state is JobState.RUNNING
    ]
    assert len(starts) >= len(ids)
    assert max(sum(begin <= at <= begin + 1000 for at in starts) for begin in starts) == limit
    assert unhindered, "others did not wait for them"


async def test_a_paused_queue_stands_still_over_the_death_of_a_worker_until_it_is_resumed(
    client: JobClient, redis_server: RedisServer, services: Services, tmp_path: Path
) -> None:
    # given jobs that run until a file is there, and more that wait
    go = tmp_path / "go"
    processes = await fleet(client, services, redis_server, unruly.MODULE, worker__concurrency=1)
    job = Behave(until=str(go), started=str(tmp_path / "started"))
    ids = [(await client.submit(job)).job.id for _ in range(2 * WORKERS)]
    running = [job.id for job in await some_running(client, ids, WORKERS)]

    # when the queue is paused, a worker dies, and the others end what they run
    await client.pause(QUEUE)
    place = await client.feed_place()
    processes[0].kill()
    await waiting.eventually(
        lambda: all_of(client, running),
        lambda jobs: [job.state for job in jobs].count(JobState.QUEUED) == 1,
    )
    go.touch()
    await waiting.eventually(
        lambda: all_of(client, running),
        lambda jobs: [job.state for job in jobs].count(JobState.SUCCEEDED) == WORKERS - 1,
    )

    # then nothing starts before the resume, and everything after it
    assert JobState.RUNNING not in {event.state for event in await feed_of(client, place)}
    assert [job.state for job in await all_of(client, ids)].count(JobState.QUEUED) == WORKERS + 1
    await client.resume(QUEUE)
    assert {job.state for job in await waiting.ended(client, *ids)} == {JobState.SUCCEEDED}


async def test_a_contracts_limit_is_declared_by_every_worker_and_lifted_by_the_operator_at_once(
    client: JobClient, redis_server: RedisServer, services: Services, tmp_path: Path
) -> None:
    await fleet(client, services, redis_server, unruly.MODULE)
    go = tmp_path / "go"
    ids = [(await client.submit(Share(until=str(go)))).job.id for _ in range(5)]
    free = (await client.submit(Behave(until=str(tmp_path), started=str(tmp_path / "started")))).job.id
    await waiting.ended(client, free)
    assert len(await some_running(client, ids, 2)) == 2

    shown = await client.limit(QUEUE, Share.meta.kind, KindLimits())

    assert next(kind for kind in shown.kinds if kind.kind == Share.meta.kind).limits_from == "operator"
    assert len(await some_running(client, ids, 5)) == 5
    go.touch()
    await waiting.ended(client, *ids)

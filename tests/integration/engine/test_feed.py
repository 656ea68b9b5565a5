"""`JobClient.feed`: every state that jobs enter, once and in order, over one connection."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest
from tests.integration.engine.transitions import Alpha, Beta, ScriptedWorker, Transitions, new_job
from tests.servers import RedisServer

from afterwork.contracts import FeedEvent, FeedGap, JobState
from afterwork.engine import JobClient, keys
from afterwork.engine.jobs.feed import RECENT
from afterwork.engine.work.outcome import Done
from afterwork.errors import BadParameter, QueueUnavailable

BEGINNING = "0-0.0"


class Reader:
    """What somebody was told so far, and where that ended."""

    def __init__(self) -> None:
        self.events: list[FeedEvent | FeedGap] = []
        self.place = ""
        self.gate = asyncio.Event()
        self.gate.set()

    @property
    def told(self) -> list[tuple[str, str]]:
        """Job and state of each event."""
        return [(event.job_id, event.state.value) for event in self.events if isinstance(event, FeedEvent)]

    @property
    def gaps(self) -> list[FeedGap]:
        return [event for event in self.events if isinstance(event, FeedGap)]

    async def until(self, condition: Callable[["Reader"], bool], *, deadline: float = 30) -> None:
        """Wait until what was told is so."""
        async with asyncio.timeout(deadline):
            while not condition(self):
                await asyncio.sleep(0.01)


@asynccontextmanager
async def reading(
    client: JobClient,
    after: str | None = None,
    *,
    queue: str | None = None,
    kind: str | None = None,
    state: JobState | None = None,
) -> AsyncIterator[Reader]:
    """Read in the background; a reader whose gate is closed takes nothing more."""
    reader = Reader()
    place = await client.feed_place(after)

    async def read() -> None:
        async for batch in client.feed(place, queue=queue, kind=kind, state=state):
            reader.events += batch.events
            reader.place = batch.place
            await reader.gate.wait()

    task = asyncio.create_task(read())
    try:
        yield reader
    finally:
        task.cancel()
        await asyncio.wait([task])
    if not task.cancelled():
        task.result()


def live(transitions: Transitions, *ids: str) -> None:
    """Whole lives of jobs."""
    transitions.submit(*map(new_job, ids))
    worker = ScriptedWorker(transitions, f"of {ids[0]}")
    for claim in worker.claim():
        worker.finish(claim, Done(b"1"))


LIFE = ["queued", "running", "succeeded"]


async def test_a_reader_is_told_every_state_from_now_on(client: JobClient, transitions: Transitions) -> None:
    live(transitions, "before")

    async with reading(client) as reader:
        live(transitions, "a")
        await reader.until(lambda reader: len(reader.told) == 3)

    assert reader.told == [("a", state) for state in LIFE]
    (event, *_) = reader.events
    assert isinstance(event, FeedEvent)
    assert (event.queue, event.kind, event.version) == ("q", "alpha.run", 1)


async def test_a_reader_who_comes_back_misses_nothing_and_is_told_nothing_twice(
    client: JobClient, transitions: Transitions
) -> None:
    live(transitions, *(f"{i:02}" for i in range(9)))
    async with reading(client, BEGINNING) as reader:
        await reader.until(lambda reader: len(reader.told) == 27)
    whole = reader.events

    for seen, event in enumerate(whole[:-1], start=1):
        async with reading(client, event.id) as again:
            await again.until(lambda reader: bool(reader.events) and reader.events[-1] == whole[-1])
        assert again.events == whole[seen:]


async def test_only_what_is_wanted_is_told_and_the_rest_counts_as_read(
    client: JobClient, transitions: Transitions
) -> None:
    async with reading(client, kind="beta.run", state=JobState.QUEUED) as reader:
        transitions.submit(new_job("a"), new_job("b", Beta()), new_job("c", Alpha(queue="r")))
        await reader.until(lambda reader: bool(reader.events))
        live(transitions, "d")
        newest = await client.feed_place()
        await reader.until(lambda reader: reader.place == newest)

    assert reader.told == [("b", "queued")]


async def test_where_events_are_not_kept_any_more_there_is_a_gap(
    client: JobClient, transitions: Transitions
) -> None:
    live(transitions, "a")
    place = await client.feed_place()
    live(transitions, "b")
    live(transitions, "c")
    transitions.redis.xtrim(keys.EVENTS, maxlen=3, approximate=False)

    async with reading(client, place) as reader:
        await reader.until(lambda reader: len(reader.told) == 3)

    assert isinstance(reader.events[0], FeedGap)
    assert reader.events[0].after == place
    assert reader.told == [("c", state) for state in LIFE]
    async with reading(client, reader.gaps[0].id) as again:
        await again.until(lambda reader: len(reader.told) == 3)
    assert not again.gaps


async def test_a_place_ahead_of_the_feed_is_a_gap_as_well_and_no_old_event_is_told(
    client: JobClient, transitions: Transitions
) -> None:
    """Redis has lost what was told."""
    live(transitions, "a")

    async with reading(client, "9000000000000-0.1") as reader:
        await reader.until(lambda reader: bool(reader.gaps))
        live(transitions, "b")
        await reader.until(lambda reader: len(reader.told) == 3)

    assert len(reader.gaps) == 1
    assert reader.told == [("b", state) for state in LIFE]


async def test_a_reader_may_be_slow_and_is_told_everything_all_the_same(
    client: JobClient, transitions: Transitions
) -> None:
    async with reading(client) as slow, reading(client) as quick:
        # given two who read the end of the feed, and one of them stops
        ids = [f"{i:04}" for i in range(RECENT + 50)]
        for job_id in ids[:2]:
            transitions.submit(new_job(job_id))
            await slow.until(lambda reader, job_id=job_id: (job_id, "queued") in reader.told)  # type: ignore[misc]
        slow.gate.clear()

        # when more comes than is kept in memory
        for job_id in ids[2:]:
            await asyncio.to_thread(transitions.submit, new_job(job_id))
        await quick.until(lambda reader: len(reader.told) == len(ids))
        assert len(slow.told) < RECENT / 2

        # then it is told of everything as soon as it goes on
        slow.gate.set()
        await slow.until(lambda reader: len(reader.told) == len(ids))

    assert slow.told == quick.told == [(job_id, "queued") for job_id in ids]
    assert not slow.gaps


async def test_however_many_read_there_is_one_connection_that_waits_and_none_when_they_are_gone(
    client: JobClient, transitions: Transitions
) -> None:
    def waiting() -> int:
        return sum(one["cmd"].startswith("xread") for one in transitions.redis.client_list())

    async with asyncio.timeout(60):
        async with reading(client) as first, reading(client), reading(client), reading(client):
            while waiting() != 1:
                await asyncio.sleep(0.01)
            transitions.submit(new_job("a"))
            await first.until(lambda reader: bool(reader.told))
            assert waiting() <= 1
        transitions.submit(new_job("b"))
        while waiting():
            await asyncio.sleep(0.01)

    async with reading(client) as again:
        transitions.submit(new_job("c"))
        await again.until(lambda reader: bool(reader.told))


async def test_what_is_no_place_is_refused(client: JobClient) -> None:
    with pytest.raises(BadParameter):
        await client.feed_place("yesterday")


@pytest.mark.parametrize("away", ["restarted", "killed"])
async def test_a_reader_stays_while_redis_is_away(binary: str, away: str) -> None:
    with RedisServer(binary) as server:
        async with JobClient.connect(server.url) as client:
            with Transitions(server) as before:
                before.use_real_clock()
                live(before, "a")
            async with reading(client, BEGINNING) as reader:
                await reader.until(lambda reader: len(reader.told) == 3)
                {"restarted": server.stop, "killed": server.kill}[away]()
                with pytest.raises(QueueUnavailable):
                    await client.feed_place()
                server.start()
                with Transitions(server) as after:
                    after.use_real_clock()
                    live(after, "b")
                await reader.until(lambda reader: len(reader.told) == 6)

    assert reader.told == [(job_id, state) for job_id in "ab" for state in LIFE]
    assert not reader.gaps

"""Hearing of changes of jobs: one connection per process, however many jobs are followed and by whomever."""

import asyncio
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager

from arq.connections import ArqRedis
from redis.asyncio.connection import AbstractConnection
from redis.exceptions import RedisError

from afterwork.contracts import JobState
from afterwork.engine import keys
from afterwork.engine.patience import pause
from afterwork.engine.server import connection
from afterwork.engine.server.own_connection import QUIET, own_connection
from afterwork.engine.tasks import end

BATCH = 500
"""Channels in one command."""
_ENDS = {state.value for state in JobState if state.is_final}


class Follower:
    """Hears that a job has changed. What it hears is a hint: the record is the truth."""

    def __init__(self) -> None:
        self._heard = asyncio.Event()
        self.may_have_ended = False

    def hear(self, state: str | None) -> None:
        """state: the one that was entered or kept; None if changes may have been missed."""
        self.may_have_ended = self.may_have_ended or state is None or state in _ENDS
        self._heard.set()

    def forget(self) -> None:
        """What was heard so far does not matter."""
        self.may_have_ended = False
        self._heard.clear()

    async def change(self) -> None:
        """Wait until something was heard since the last time."""
        await self._heard.wait()
        self._heard.clear()

    async def end(self) -> None:
        """Wait until the job may have ended."""
        while not self.may_have_ended:
            await self.change()
        self.may_have_ended = False


class Changes:
    """The subscriptions of one process. The connection is made at the first use, and anew whenever it breaks."""

    def __init__(self, redis: ArqRedis) -> None:
        self._redis = redis
        self._followers: defaultdict[str, set[Follower]] = defaultdict(set)
        self._arrivals: dict[str, asyncio.Future[None]] = {}
        self._sent: set[str] = set()
        self._unconfirmed: Counter[str] = Counter()
        self._changed = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []

    @asynccontextmanager
    async def of(self, job_id: str) -> AsyncIterator[Follower]:
        """Follow a job: every change that comes after entering is heard of. Raises QueueUnavailable."""
        channel, follower = keys.CHANGED + job_id, Follower()
        self._followers[channel].add(follower)
        try:
            await self._subscribed(channel)
            follower.forget()
            yield follower
        finally:
            self._followers[channel].discard(follower)
            if not self._followers[channel]:
                del self._followers[channel]
                self._arrivals.pop(channel, None)
                self._changed.set()

    async def close(self) -> None:
        """End the subscription."""
        await end(self._tasks)

    async def _subscribed(self, channel: str) -> None:
        if not self._tasks:
            self._tasks = [asyncio.create_task(self._keep_up())]
        if channel in self._sent and not self._unconfirmed[channel]:
            return
        arrival = self._arrivals.get(channel)
        if arrival is None:
            arrival = self._arrivals[channel] = asyncio.get_running_loop().create_future()
        self._changed.set()
        with connection.told_apart():
            async with asyncio.timeout(connection.CALL_TIMEOUT):
                await asyncio.shield(arrival)

    async def _keep_up(self) -> None:
        failures = 0
        while True:
            try:
                async with own_connection(self._redis, read_timeout=QUIET) as own:
                    failures = 0
                    await self._use(own)
            except (TimeoutError, RedisError, OSError):
                failures += 1
                await asyncio.sleep(pause(failures))

    async def _use(self, own: AbstractConnection) -> None:
        """Until the connection breaks: follow what is wanted, and hand on what is heard."""
        self._sent.clear()
        self._unconfirmed.clear()
        self._changed.set()
        asking = asyncio.create_task(self._ask(own))
        asking.add_done_callback(lambda task: _break_off(own, task))
        try:
            await self._read(own)
        finally:
            await end([asking])

    async def _ask(self, own: AbstractConnection) -> None:
        while True:
            await self._changed.wait()
            self._changed.clear()
            wanted = set(self._followers)
            for batch in _batches(self._sent - wanted):
                gone = [channel for channel in batch if channel not in self._followers]  # as it is by now
                self._sent.difference_update(gone)
                if gone:
                    await own.send_command("UNSUBSCRIBE", *gone)
            for batch in _batches(wanted - self._sent):
                self._sent.update(batch)
                self._unconfirmed.update(batch)
                await own.send_command("SUBSCRIBE", *batch)

    async def _read(self, own: AbstractConnection) -> None:
        is_tried = False
        while True:
            message = await own.read_response(timeout=QUIET, disconnect_on_error=False)
            if message is None:
                if is_tried:
                    raise TimeoutError
                is_tried = True
                await own.send_command("PING")
                continue
            is_tried = False
            match message:
                case [b"message", channel, text]:
                    self._tell(channel.decode(), text.rpartition(b" ")[2].decode())
                case [b"subscribe", channel, _]:
                    self._confirm(channel.decode())

    def _confirm(self, channel: str) -> None:
        self._unconfirmed[channel] -= 1
        if self._unconfirmed[channel] > 0:  # of an earlier subscription, which has been ended since
            return
        del self._unconfirmed[channel]
        arrival = self._arrivals.pop(channel, None)
        if arrival is not None and not arrival.done():
            arrival.set_result(None)
        self._tell(channel, None)

    def _tell(self, channel: str, state: str | None) -> None:
        for follower in self._followers.get(channel, ()):
            follower.hear(state)


def _batches(channels: Iterable[str]) -> list[list[str]]:
    ordered = list(channels)
    return [ordered[i : i + BATCH] for i in range(0, len(ordered), BATCH)]


def _break_off(own: AbstractConnection, task: "asyncio.Task[None]") -> None:
    """What cannot be asked for would be waited for in vain: let the reading end too."""
    writer = own._writer  # noqa: SLF001 - redis-py has no way to break off a connection that is being read
    if not task.cancelled() and task.exception() is not None and writer is not None:
        writer.close()

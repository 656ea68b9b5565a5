"""Who is presumed dead, and who never is: what one process makes of what it sees of the others."""

from collections.abc import Collection

import pytest

from afterwork.engine.jobs.presence import GONE_FOR, Presence
from afterwork.engine.jobs.workers import Roll, WorkerName, Workers

ADA, BOB = WorkerName("q", "ada"), WorkerName("q", "bob")


class Seen(Workers):
    """What the server says. mourned: who was taken for dead. connections: None if that is not told."""

    def __init__(self) -> None:
        self.run = "first"
        self.subscriptions: dict[WorkerName, int] = {}
        self.connections: set[str] | None = set()
        self.mourned: list[tuple[WorkerName, str]] = []

    async def call_roll(self, own: WorkerName | None = None) -> Roll:
        return Roll(self.run, dict(self.subscriptions))

    async def connected(self) -> Collection[str] | None:
        return self.connections

    async def mourn(self, worker: WorkerName, run: str, lease: float) -> int:
        self.mourned.append((worker, run))
        return 1


class Watch:
    """One process that looks, by a clock of its own."""

    def __init__(self) -> None:
        self.server = Seen()
        self.time = 100.0
        self._presence = Presence(self.server, lease=15, now=lambda: self.time)

    async def look(self, *, after: float = 0.0, **subscriptions: int) -> list[str]:
        """Who has been taken for dead so far, after a look at workers with so many subscriptions."""
        self.time += after
        self.server.subscriptions = {WorkerName("q", name): number for name, number in subscriptions.items()}
        await self._presence.look()
        return [worker.name for worker, _ in self.server.mourned]


@pytest.fixture
def watch() -> Watch:
    return Watch()


async def test_who_was_there_and_stays_away_is_taken_for_dead(watch: Watch) -> None:
    assert await watch.look(ada=1, bob=1) == []
    assert await watch.look(ada=1, bob=0) == []
    assert await watch.look(after=GONE_FOR - 0.1, ada=1, bob=0) == []

    assert await watch.look(after=0.1, ada=1, bob=0) == ["bob"]


async def test_who_comes_back_in_between_lives(watch: Watch) -> None:
    await watch.look(ada=1)
    await watch.look(ada=0)
    await watch.look(after=GONE_FOR / 2, ada=1)

    assert await watch.look(after=GONE_FOR / 2, ada=0) == []
    assert await watch.look(after=GONE_FOR / 2, ada=0) == []


async def test_who_was_never_seen_there_is_left_to_its_lease(watch: Watch) -> None:
    for _ in range(5):
        assert await watch.look(after=GONE_FOR, ada=0) == []


async def test_nobody_is_dead_because_the_server_was_restarted(watch: Watch) -> None:
    await watch.look(ada=1)
    await watch.look(ada=0)

    watch.server.run = "second"
    for _ in range(5):
        assert await watch.look(after=GONE_FOR, ada=0) == []
    await watch.look(ada=1)
    await watch.look(ada=0)
    assert await watch.look(after=GONE_FOR, ada=0) == ["ada"]
    assert watch.server.mourned == [(ADA, "second")]


async def test_who_still_has_a_connection_lives_although_its_subscription_is_gone(watch: Watch) -> None:
    watch.server.connections = {"ada", ""}
    await watch.look(ada=1, bob=1)
    for _ in range(5):
        await watch.look(after=GONE_FOR, ada=0, bob=0)
    assert {worker for worker, _ in watch.server.mourned} == {BOB}

    watch.server.connections = set()
    await watch.look(after=GONE_FOR, ada=0)
    assert "ada" in await watch.look(after=GONE_FOR, ada=0)


@pytest.mark.parametrize("hidden", ["connections", "run"])
async def test_nobody_is_taken_for_dead_by_a_user_who_may_not_know(watch: Watch, hidden: str) -> None:
    if hidden == "run":
        watch.server.run = ""
    else:
        watch.server.connections = None
    await watch.look(ada=1)

    for _ in range(5):
        assert await watch.look(after=GONE_FOR, ada=0) == []


async def test_who_is_not_on_the_roll_any_more_is_forgotten(watch: Watch) -> None:
    await watch.look(ada=1)
    await watch.look(ada=0)
    await watch.look()

    for _ in range(5):
        assert await watch.look(after=GONE_FOR, ada=0) == []

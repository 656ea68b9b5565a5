"""A loop with a watch, whose clocks a test can put forward."""

import asyncio
import time
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any

from redis.exceptions import ConnectionError as AwayError
from structlog.testing import capture_logs
from structlog.typing import EventDict
from tests.unit.engine.attempts import Attempt, Echo

from afterwork.engine.work.claims import Finish
from afterwork.engine.work.executor import Execution
from afterwork.engine.work.loop_time import LoopTime
from afterwork.engine.work.loop_watch import LoopWatch, Reactions
from afterwork.engine.work.run import Run

NewLoop = Callable[[], asyncio.AbstractEventLoop]
LEASE = 1.0


@dataclass
class Rescue:
    """Notes what is asked of it. away: so many times Redis cannot be reached."""

    away: int = 0
    tries: int = 0
    finishes: list[Finish] = field(default_factory=list)
    kept: int = 0

    def keep_unread_claims(self) -> None:
        self.kept += 1

    def hand_over(self, last: list[Finish]) -> int:
        self.tries += 1
        if self.tries <= self.away:
            raise AwayError
        self.finishes += last
        return 7


class Watched:
    """A loop with a watch. exits: the codes with which the process would have ended; blocks: whose there were.

    skipped: seconds by which its clock is ahead; a block of the loop seems as much longer.
    """

    def __init__(self, rescue: Rescue | None = None) -> None:
        self.skipped = 0.0
        self.time = LoopTime(lambda: time.monotonic() + self.skipped)
        self.rescue = rescue or Rescue()
        self.running: dict[str, Execution] = {}
        self.blocks: list[str] = []
        self.exits: list[int] = []
        reactions = Reactions(self.blocks.append, self._exit)
        self.held_up = 0.0
        self.watch = LoopWatch(
            self.time,
            self.running,
            self.rescue,
            lease=LEASE,
            reactions=reactions,
            clock=lambda: time.monotonic() + self.held_up,
        )

    def block(self, seconds: float, until: Callable[[], bool] | None = None) -> None:
        """Block the loop for what seems so many seconds, and then until it holds: by default, until an exit."""
        self.skipped += seconds
        holds = until or (lambda: bool(self.exits))
        end = time.monotonic() + 20
        while not holds():
            assert time.monotonic() < end
            time.sleep(0.01)

    def _exit(self, code: int) -> None:
        self.exits.append(code)

    def start(
        self, perform: Callable[[Echo, Run], Coroutine[Any, Any, Any]], *, timeout: float = 10
    ) -> Attempt:
        attempt = Attempt(perform, timeout=timeout, loop_time=self.time)
        self.running["job"] = attempt.execution
        return attempt


def run(
    new_loop: NewLoop, watched: Watched, test: Callable[[], Coroutine[Any, Any, None]]
) -> list[EventDict]:
    """Run a test in a watched loop; what was logged."""

    async def main() -> None:
        watched.watch.begin()
        try:
            await test()
        finally:
            watched.watch.end()

    with capture_logs() as logs, asyncio.Runner(loop_factory=new_loop) as runner:
        runner.run(main())
    return [entry for entry in logs if "loop" in entry["event"] or "handed" in entry["event"]]

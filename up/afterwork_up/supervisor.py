"""Keep one program running: start it, notice when it is ready, start it again when it ends."""

import asyncio
from collections.abc import Awaitable, Callable

from afterwork_up.child import Child, Ended, Program
from afterwork_up.output import Output

FIRST_PAUSE = 0.1
LONGEST_PAUSE = 5.0
STEADY = 10.0  # seconds of running after which the next pause is the first one again
START_ATTEMPTS = 5
EX_OSERR = 71  # sysexits.h: the system could not start it


class CannotStart(Exception):
    """A program ended several times without ever being ready, so that trying on would only hide its fault."""

    def __init__(self, name: str, ended: Ended) -> None:
        """Keep what the user needs to find the fault."""
        super().__init__(f"{name} cannot start ({ended.how})")
        self.last_lines = ended.last_lines


def pause_before_restart(short_lives: int) -> float:
    """Seconds to wait after that many short lives in a row: doubling, capped."""
    return min(LONGEST_PAUSE, FIRST_PAUSE * 2.0 ** min(short_lives, 16))


async def no_remedy(_: Ended) -> bool:
    """Most programs are just started again."""
    return False


class Supervisor:
    """One program and its present life. `ready` holds its address after the first time it was ready."""

    def __init__(
        self,
        program: Program,
        output: Output,
        *,
        remedy: Callable[[Ended], Awaitable[bool]] = no_remedy,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        """`remedy` is asked after each end: it may wait until the cause is gone, and returns whether it knew it."""
        self.name = program.name
        self.ready: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self._program = program
        self._output = output
        self._remedy = remedy
        self._sleep = sleep
        self._child: Child | None = None
        self._stopping = False
        self._task: asyncio.Task[None] | None = None

    def start(self) -> asyncio.Task[None]:
        """Begin; the task goes on until it is stopped, or `ready` has raised `CannotStart`."""
        self._task = asyncio.create_task(self._run(), name=self.name)
        return self._task

    async def stop(self, patience: float) -> None:
        """End the program: SIGTERM, and SIGKILL for its process group when `patience` seconds have passed."""
        self._stopping = True
        if self._task is None:
            return
        if self._child:
            self._child.terminate()
            _, late = await asyncio.wait({self._task}, timeout=patience)
            if late:
                self._output.say(f"{self.name} did not end within {patience:g} s and is killed")
        self.kill()
        await asyncio.wait({self._task})

    def kill(self) -> None:
        """End the program at once."""
        self._stopping = True
        if self._child:
            self._child.kill()
        elif self._task:  # between two lives, or still being started
            self._task.cancel()

    async def _run(self) -> None:
        try:
            await self._keep_running()
        except Exception as fault:
            if self.ready.done():
                raise
            self.ready.set_exception(fault)
            self.ready.exception()  # counts as seen: when several cannot start, only the first is told

    async def _keep_running(self) -> None:
        failures = short_lives = 0
        while True:
            ended = await self._live()
            if self._stopping:
                return
            if await self._remedy(ended):
                short_lives = 0
                continue
            failures += 1
            if failures == START_ATTEMPTS and not self.ready.done():
                raise CannotStart(self.name, ended)
            if ended.seconds >= STEADY:
                short_lives = 0
            pause = pause_before_restart(short_lives)
            short_lives += 1
            self._output.say(f"{self.name} ended ({ended.how}): starting it again in {pause:.1f} s")
            await self._sleep(pause)

    async def _live(self) -> Ended:
        try:
            self._child = await Child.start(self._program)
        except OSError as error:
            self._output.line(self.name, str(error))
            return Ended(EX_OSERR, 0.0, (str(error),))
        announcing = asyncio.create_task(self._announce(self._child))
        try:
            return await self._child.wait(self._output)
        finally:
            announcing.cancel()
            self._child = None

    async def _announce(self, child: Child) -> None:
        address = await child.address()
        if not address:
            return
        if self.ready.done():
            self._output.say(f"{self.name} is ready again")
        else:
            self.ready.set_result(address)

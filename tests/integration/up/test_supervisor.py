"""The supervisor with real child processes, and pauses that are counted instead of made."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import psutil
import pytest

from afterwork_up.child import Ended, Program
from afterwork_up.output import Output
from afterwork_up.supervisor import CannotStart, Supervisor, pause_before_restart

READY = "import os; os.write(int(os.environ['AFTERWORK_READY_FD']), b'http://127.0.0.1:1\\n')\n"
SLEEP = "import time; time.sleep(600)\n"
DEAF = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"


class Pauses(list[float]):
    """Pauses that were asked for; none is made."""

    async def sleep(self, seconds: float) -> None:
        self.append(seconds)


class Run:
    """A supervisor under test, and what it printed."""

    def __init__(self, supervisor: Supervisor, output: Output, pauses: Pauses, printed: Path) -> None:
        self.supervisor = supervisor
        self.output = output
        self.pauses = pauses
        self._printed = printed

    async def printed(self, text: str) -> str:
        """Wait until the text has been printed; all that was."""
        async with asyncio.timeout(20):
            while text not in self._printed.read_text():
                await asyncio.sleep(0.01)
        return self._printed.read_text()


def own_children(before: set[psutil.Process]) -> list[psutil.Process]:
    """Processes below this one that were not there before, such as a server of another test."""
    return [child for child in psutil.Process().children(recursive=True) if child not in before]


@pytest.fixture
def before() -> set[psutil.Process]:
    return set(psutil.Process().children(recursive=True))


@asynccontextmanager
async def supervised(code: str, folder: Path) -> AsyncIterator[Run]:
    program = Program("gateway", (sys.executable, "-S", "-c", code), {"GREETING": "hello"})
    pauses = Pauses()
    with (folder / "printed").open("wb") as file:
        output = Output(file.fileno(), colour=False, on_gone=pytest.fail)
        supervisor = Supervisor(program, output, sleep=pauses.sleep)
        try:
            yield Run(supervisor, output, pauses, folder / "printed")
        finally:
            await supervisor.stop(patience=0)
            output.close()


@pytest.mark.parametrize(
    ("short_lives", "pause"), [(0, 0.1), (1, 0.2), (2, 0.4), (5, 3.2), (6, 5.0), (7, 5.0), (10_000, 5.0)]
)
def test_pauses_double_up_to_five_seconds(short_lives: int, pause: float) -> None:
    assert pause_before_restart(short_lives) == pytest.approx(pause)


@pytest.mark.parametrize(
    ("code", "how"),
    [(0, "exit code 0"), (3, "exit code 3"), (-9, "killed by SIGKILL"), (-99, "killed by signal 99")],
)
def test_the_end_of_a_child_is_told_in_words(code: int, how: str) -> None:
    assert Ended(code, 1.0, ()).how == how


async def test_a_program_that_is_ready_tells_its_address(tmp_path: Path) -> None:
    async with supervised(READY + SLEEP, tmp_path) as run:
        run.supervisor.start()

        assert await asyncio.wait_for(run.supervisor.ready, 20) == "http://127.0.0.1:1"


async def test_output_and_environment_are_those_of_the_program(tmp_path: Path) -> None:
    code = "import os, sys; print(os.environ['GREETING']); print('oh', file=sys.stderr)\n" + SLEEP
    async with supervised(code, tmp_path) as run:
        run.supervisor.start()

        assert "gateway     | hello\n" in await run.printed("gateway     | oh\n")


async def test_a_program_that_was_killed_comes_back(tmp_path: Path) -> None:
    async with supervised(READY + "print('pid', os.getpid())\n" + SLEEP, tmp_path) as run:
        # given a program that is ready
        run.supervisor.start()
        await asyncio.wait_for(run.supervisor.ready, 20)
        pid = int((await run.printed("pid ")).split()[-1])

        # when it is killed
        os.kill(pid, signal.SIGKILL)

        # then it is started again and says so
        printed = await run.printed("gateway is ready again")
        assert "gateway ended (killed by SIGKILL): starting it again in 0.1 s" in printed


async def test_a_program_that_never_becomes_ready_is_given_up(tmp_path: Path) -> None:
    async with supervised("raise SystemExit('AFTERWORK_LEASE: not a number')", tmp_path) as run:
        # when a program ends again and again before it was ever ready
        run.supervisor.start()

        # then its fault is told with its own words, after pauses that double
        with pytest.raises(CannotStart, match=r"gateway cannot start \(exit code 1\)") as fault:
            await asyncio.wait_for(run.supervisor.ready, 20)
        assert fault.value.last_lines == ("AFTERWORK_LEASE: not a number",)
        assert run.pauses == pytest.approx([0.1, 0.2, 0.4, 0.8])


async def test_a_program_that_cannot_be_run_at_all_is_given_up(tmp_path: Path) -> None:
    async with supervised("", tmp_path) as run:
        (tmp_path / "file").touch()
        program = Program("valkey", ("valkey-server",), directory=tmp_path / "file")
        supervisor = Supervisor(program, run.output, sleep=run.pauses.sleep)

        supervisor.start()

        with pytest.raises(CannotStart) as fault:
            await asyncio.wait_for(supervisor.ready, 20)
        assert "Not a directory" in fault.value.last_lines[0]


async def test_what_was_ready_once_is_never_given_up(tmp_path: Path) -> None:
    async with supervised(READY + "raise SystemExit(1)", tmp_path) as run:
        # given a program that is ready once
        run.supervisor.start()
        await asyncio.wait_for(run.supervisor.ready, 20)

        # when it ends many times, then it is started again each time, after pauses that reach their limit
        await run.printed("starting it again in 5.0 s")


async def test_stopping_ends_the_program_and_nothing_starts_it_again(
    tmp_path: Path, before: set[psutil.Process]
) -> None:
    async with supervised(READY + SLEEP, tmp_path) as run:
        run.supervisor.start()
        await asyncio.wait_for(run.supervisor.ready, 20)
        children = own_children(before)

        await run.supervisor.stop(patience=20)

        assert psutil.wait_procs(children, timeout=0)[1] == []
        assert run.pauses == []


async def test_stopping_kills_what_does_not_listen_with_all_its_children(
    tmp_path: Path, before: set[psutil.Process]
) -> None:
    # given a program that is deaf to SIGTERM and has a child that is, too
    code = (
        DEAF
        + "import os, sys, subprocess\n"
        + f"subprocess.Popen([sys.executable, '-c', {DEAF + SLEEP!r}])\n"
    )
    async with supervised(code + READY + SLEEP, tmp_path) as run:
        run.supervisor.start()
        await asyncio.wait_for(run.supervisor.ready, 20)
        children = own_children(before)
        assert len(children) == 2

        # when it is stopped with little patience
        await run.supervisor.stop(patience=0.1)

        # then neither is left
        assert psutil.wait_procs(children, timeout=10)[1] == []


async def test_children_of_a_killed_program_end_with_it(tmp_path: Path) -> None:
    code = f"import subprocess, sys; subprocess.Popen([sys.executable, '-c', {SLEEP!r}])\n"
    async with supervised(code + READY + "print('pid', os.getpid())\n" + SLEEP, tmp_path) as run:
        # given a program with a child of its own, as the services have for heavy work
        run.supervisor.start()
        await asyncio.wait_for(run.supervisor.ready, 20)
        pid = int((await run.printed("pid ")).split()[-1])
        grandchildren = psutil.Process(pid).children()

        # when the program is killed
        os.kill(pid, signal.SIGKILL)

        # then the child does not outlive it
        assert (await asyncio.to_thread(psutil.wait_procs, grandchildren, timeout=10))[1] == []


async def test_stopping_while_a_program_is_started_leaves_nothing(
    tmp_path: Path, before: set[psutil.Process]
) -> None:
    async with supervised(DEAF + SLEEP, tmp_path) as run:
        run.supervisor.start()
        await asyncio.sleep(0)

        await run.supervisor.stop(patience=20)

        assert own_children(before) == []


async def test_an_end_with_a_known_cause_is_waited_out_and_not_counted(tmp_path: Path) -> None:
    causes: list[Ended] = []

    async def remedy(ended: Ended) -> bool:
        causes.append(ended)
        return len(causes) < 20

    async with supervised("", tmp_path) as run:
        program = Program("valkey", (sys.executable, "-S", "-c", "raise SystemExit(1)"))
        supervisor = Supervisor(program, run.output, remedy=remedy, sleep=run.pauses.sleep)

        supervisor.start()

        with pytest.raises(CannotStart):
            await asyncio.wait_for(supervisor.ready, 60)
        assert len(causes) == 19 + 5

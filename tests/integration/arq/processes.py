"""Workers as real processes: `afterwork worker` and `arq`."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from tests.processes import DEADLINE, ROOT
from tests.servers import RedisServer

FLEET = "tests.integration.arq.fleet."


class WorkerProcess:
    """One process. command: what follows `python`."""

    def __init__(self, command: Sequence[str], server: RedisServer, log_path: Path, cwd: Path = ROOT) -> None:
        self._log_path = log_path
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("AFTERWORK_")}
        with log_path.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, *command],
                cwd=cwd,
                env=inherited | {"REDIS_SOCKET": str(server.socket), "PYTHONPATH": str(ROOT)},
                stdout=log,
                stderr=log,
            )

    @property
    def pid(self) -> int:
        """The process id."""
        return self.process.pid

    @property
    def log(self) -> str:
        """What it has written so far."""
        return self._log_path.read_text(errors="replace")

    def kill(self) -> None:
        """End it as a crash does."""
        self.process.kill()
        self.process.wait(DEADLINE)

    def terminate(self) -> int:
        """Ask it to end; its exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(DEADLINE)

    def wait(self) -> int:
        """Its exit code, as soon as it has ended by itself."""
        return self.process.wait(DEADLINE)


@contextmanager
def ours(server: RedisServer, directory: Path, *arguments: str, cwd: Path = ROOT) -> Iterator[WorkerProcess]:
    """`afterwork worker` with these arguments."""
    with _process(["-m", "afterwork.arq", *arguments], server, directory, cwd) as process:
        yield process


@contextmanager
def stock(server: RedisServer, directory: Path) -> Iterator[WorkerProcess]:
    """`arq` with the stock settings of the fleet."""
    with _process(["-m", "arq", f"{FLEET}Stock"], server, directory, ROOT) as process:
        yield process


@contextmanager
def _process(
    command: Sequence[str], server: RedisServer, directory: Path, cwd: Path
) -> Iterator[WorkerProcess]:
    number = len(list(directory.glob("*.log")))
    process = WorkerProcess(command, server, directory / f"{number}.log", cwd)
    try:
        yield process
    finally:
        process.kill()
        print(f"--- {' '.join(command)}\n{process.log}")

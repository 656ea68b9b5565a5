"""Workers as real processes: `afterwork worker` and `arq`."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from tests.processes import DEADLINE, ROOT
from tests.servers import RedisServer

FLEET = "tests.integration.arq.fleet."


class WorkerProcess:
    """One process. command: what follows `python`. environment: where Redis is, as its settings read it."""

    def __init__(
        self, command: Sequence[str], environment: Mapping[str, str], log_path: Path, cwd: Path = ROOT
    ) -> None:
        self._log_path = log_path
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("AFTERWORK_")}
        with log_path.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, *command],
                cwd=cwd,
                env=inherited | {"PYTHONPATH": str(ROOT), **environment},
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
    with process(["-m", "afterwork.arq", *arguments], _socket(server), directory, cwd) as running:
        yield running


@contextmanager
def stock(server: RedisServer, directory: Path) -> Iterator[WorkerProcess]:
    """`arq` with the stock settings of the fleet."""
    with process(["-m", "arq", f"{FLEET}Stock"], _socket(server), directory) as running:
        yield running


@contextmanager
def process(
    command: Sequence[str], environment: Mapping[str, str], directory: Path, cwd: Path = ROOT
) -> Iterator[WorkerProcess]:
    """Any worker. directory: for its log, which is printed at its end."""
    number = len(list(directory.glob("*.log")))
    running = WorkerProcess(command, environment, directory / f"{number}.log", cwd)
    try:
        yield running
    finally:
        running.kill()
        print(f"--- {' '.join(command)}\n{running.log}")


def _socket(server: RedisServer) -> dict[str, str]:
    return {"REDIS_SOCKET": str(server.socket)}

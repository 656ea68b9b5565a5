"""One peer on a Redis of its own: filled, worked on, and watched from outside."""

import json
import os
import subprocess
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self, cast

import psutil
from redis.exceptions import ResponseError
from tests.bench.engine import cpu
from tests.bench.peers.catalog import Peer
from tests.processes import ROOT
from tests.servers import RedisServer, free_port, redis_binary

DEADLINE = 300.0
"""Seconds within which a queue must be empty."""
START_LOOK = 0.002
LOOK = 0.01
"""Seconds between looks at what is left: before the first job has ended, and after."""


class PeerError(Exception):
    """An engine did not do what it was started for."""


@dataclass(frozen=True, slots=True)
class Sent:
    """Jobs that a client has sent. cpu: seconds that the client has used."""

    jobs: int
    seconds: float
    cpu: float

    @property
    def rate(self) -> float:
        """Jobs per second."""
        return self.jobs / self.seconds


@dataclass(frozen=True, slots=True)
class Drained:
    """Jobs that were run. worker, redis: microseconds of CPU per job."""

    jobs: int
    seconds: float
    worker: float
    redis: float

    @property
    def rate(self) -> float:
        """Jobs per second."""
        return self.jobs / self.seconds


def redis_server() -> RedisServer:
    """The `redis-server` of this machine, every write fsynced, on a port, which every peer's client can use.

    Its file is not rewritten meanwhile: that happens in a child process, whenever the file has grown enough.
    """
    options = {"auto-aof-rewrite-percentage": "0", "bind": "127.0.0.1"}
    return RedisServer(redis_binary(), port=str(free_port()), **options)


def address(server: RedisServer) -> str:
    """Where its clients connect."""
    return f"redis://127.0.0.1:{server.options['port']}/0"


class Stage:
    """A peer and its Redis, gone on leaving the `with` block.

    level: of the worker's logs, which go to a file. settings: more variables for the processes.
    """

    def __init__(self, peer: Peer, *, level: str = "WARNING", **settings: str) -> None:
        self.peer = peer
        self.server = redis_server()
        self.folder = self.server.directory
        self.workers: list[subprocess.Popen[bytes]] = []
        self._command = peer.command()
        self._variables = {
            "BENCH_LOG_LEVEL": level,
            "BENCH_DELAYS": str(self.delays),
            "AFTERWORK_LOG__LEVEL": level.lower(),
            "AFTERWORK_HEALTH__PORT": "0",
            **peer.variables,
            **settings,
        }

    def __enter__(self) -> Self:
        self.server.__enter__()
        self.redis = self.server.client()
        self.url = address(self.server)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for worker in self.workers:
            _kill(worker.pid)
            worker.wait()
        self.redis.close()
        self.server.__exit__(kind, error, trace)

    @property
    def delays(self) -> Path:
        """Where jobs note how late they were, in nanoseconds."""
        return self.folder / "delays"

    def fill(self, **ways: int) -> dict[str, Sent]:
        """Send jobs in these ways, one after another, from one process."""
        orders = [f"{way}={count}" for way, count in ways.items() if count]
        done = subprocess.run(
            [*self._command, "fill", *orders],
            cwd=ROOT,
            env=self._environment(),
            capture_output=True,
            text=True,
            timeout=DEADLINE,
            check=False,
        )
        if done.returncode:
            raise PeerError(f"{self.peer.name} cannot fill its queue:\n{done.stderr[-2000:]}")
        return {way: Sent(**found) for way, found in json.loads(done.stdout.splitlines()[-1]).items()}

    def start_worker(self) -> None:
        """One process, or one with its children."""
        with self._log.open("ab") as log:
            command = [*self._command, "work"]
            started = subprocess.Popen(command, cwd=ROOT, env=self._environment(), stdout=log, stderr=log)
        self.workers.append(started)

    def warm_up(self, **ways: int) -> None:
        """Start a worker, and let it run these jobs."""
        self.fill(**ways)
        self.start_worker()
        self.wait_until(lambda: self.left() == 0)

    def drain(self, workers: int = 1) -> Drained:
        """Start workers and let them run all that is queued, counted from the end of the first job."""
        queued = self.left()
        if not queued:
            raise PeerError(f"{self.peer.name} has queued nothing")
        for _ in range(workers):
            self.start_worker()
        self.wait_until(lambda: self.left() < queued, look=START_LOOK)
        return self.watch()

    def watch(self, until: int = 0) -> Drained:
        """Count from now until so many jobs are left."""
        began, first = time.perf_counter(), self.left()
        used = self._used()
        self.wait_until(lambda: self.left() <= until)
        took, last = time.perf_counter() - began, self.left()
        worker, redis = (now - before for now, before in zip(self._used(), used, strict=True))
        jobs = first - last
        return Drained(jobs, took, worker / jobs * 1e6, redis / jobs * 1e6)

    def wait_until(self, condition: Callable[[], bool], *, look: float = LOOK) -> None:
        """Look until it holds. Raises PeerError if a worker has ended, or after a while."""
        end = time.monotonic() + DEADLINE
        while not condition():
            if time.monotonic() > end or any(worker.poll() is not None for worker in self.workers):
                log = self._log.read_text(errors="replace")[-2000:]
                raise PeerError(f"{self.peer.name}: {self.left()} jobs left, its worker said:\n{log}")
            time.sleep(look)

    def left(self) -> int:
        """Jobs that are not done."""
        with suppress(ResponseError, IndexError):  # a stream or its group is not there yet
            return self.peer.left(self.redis)
        return 0

    def memory(self) -> int:
        """Bytes that Redis uses."""
        found = cast(dict[str, int], self.redis.info("memory"))
        return found["used_memory"]

    @property
    def _log(self) -> Path:
        return self.folder / "worker.log"

    def _used(self) -> tuple[float, float]:
        return sum(cpu.seconds(worker.pid) for worker in self.workers), cpu.seconds(self.server.pid)

    def _environment(self) -> dict[str, str]:
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("AFTERWORK_")}
        return {**inherited, **self._variables, "BENCH_URL": self.url, "AFTERWORK_REDIS__URL": self.url}


def _kill(pid: int) -> None:
    """The process and all that it started, its children first, as it would start them again."""
    with suppress(psutil.NoSuchProcess):
        parent = psutil.Process(pid)
        parent.suspend()
        for one in [*parent.children(recursive=True), parent]:
            with suppress(psutil.NoSuchProcess):
                one.kill()

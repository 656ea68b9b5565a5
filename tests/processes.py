"""Services as real processes: started with `python -m`, ready when they say so, stopped, killed and frozen by pid."""

import os
import select
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from types import TracebackType
from typing import Self

import httpx
from prometheus_client.parser import text_string_to_metric_families

ROOT = Path(__file__).parents[1]
DEADLINE = 30.0
"""Seconds within which a process must be ready, or end when it is asked to, on a busy machine."""
ANY_PORT = {"AFTERWORK_GATEWAY__PORT": "0", "AFTERWORK_HEALTH__PORT": "0"}

TRIAL = {"probes": "all", "worker__retry_base": 0.01}
"""Settings for workers under test."""


class EndedEarlyError(Exception):
    """The process ended before it was ready."""


def variables(**settings: object) -> dict[str, str]:
    """Settings as environment variables: `lease=1, worker__grace=5`."""
    return {f"AFTERWORK_{name.upper()}": str(value) for name, value in settings.items()}


class ServiceProcess:
    """One `python -m <module>`, ready on entering and gone on leaving the `with` block.

        with ServiceProcess("gateway", AFTERWORK_REDIS__URL=server.url) as gateway:
            httpx.get(f"{gateway.url}/readyz")

    It may also be started without the block, and again after its end, as a supervisor would.

    log_path: where it writes; by default a file that goes with the block.
    settings: environment variables beside those of the test run; its `AFTERWORK_*` are not handed on.
    url: where the process last said that it answers. is_ready: whether the last one that was started has said so.
    """

    def __init__(self, module: str, log_path: Path | None = None, **settings: str) -> None:
        self.module = module
        self.url = ""
        self.is_ready = False
        self._settings = settings
        self._directory = None if log_path else tempfile.TemporaryDirectory(prefix=f"aw-{module}-")
        self.log_path = log_path or Path(self._directory.name if self._directory else "") / "log"
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:
            self.remove()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.remove()

    @property
    def process(self) -> "subprocess.Popen[bytes]":
        """The process that was started last."""
        assert self._process is not None, f"{self.module} was not started"
        return self._process

    @property
    def pid(self) -> int:
        """The process id, also of a process that has ended."""
        return self.process.pid

    @property
    def exit_code(self) -> int | None:
        """None before its start and while it runs; -9 after SIGKILL."""
        return None if self._process is None else self._process.poll()

    @property
    def is_running(self) -> bool:
        """Whether it was started and has not ended."""
        return self._process is not None and self._process.poll() is None

    @property
    def log(self) -> str:
        """What the process has written so far."""
        return self.log_path.read_text(errors="replace")

    def start(self) -> None:
        """Start the process and return when it says that it is ready. Raises EndedEarlyError or TimeoutError."""
        reader, writer = os.pipe()
        self.is_ready = False
        try:
            with self.log_path.open("ab") as log:
                self._process = subprocess.Popen(
                    [sys.executable, "-m", self.module],
                    cwd=ROOT,
                    env=self._environment(writer),
                    stdout=log,
                    stderr=log,
                    pass_fds=[writer],
                )
            os.close(writer)
            self.url = self._ready_line(reader)
            self.is_ready = True
        finally:
            os.close(reader)

    def send(self, number: signal.Signals) -> None:
        """Send a signal, if the process is still there."""
        self.process.send_signal(number)

    def terminate(self) -> None:
        """Ask the process to end (SIGTERM); does not wait."""
        self.send(signal.SIGTERM)

    def kill(self) -> None:
        """End it as a crash does (SIGKILL)."""
        self.send(signal.SIGKILL)
        self.wait()

    def freeze(self) -> None:
        """Stop it where it stands (SIGSTOP)."""
        self.send(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let it go on (SIGCONT)."""
        self.send(signal.SIGCONT)

    def wait(self, deadline: float = DEADLINE) -> int:
        """The exit code, as soon as it has ended; raises subprocess.TimeoutExpired."""
        return self.process.wait(deadline)

    def remove(self) -> None:
        """End it in any case, frozen or not."""
        if self.is_running:
            self.kill()
        if self._directory is not None:
            self._directory.cleanup()

    def get(self, path: str) -> httpx.Response:
        """Ask for `/healthz`, `/readyz` or `/metrics`."""
        return httpx.get(self.url + path, timeout=5)

    def metric(self, name: str, **labels: str) -> float | None:
        """The value of one sample, its labels at least these; None if it is not there."""
        for family in text_string_to_metric_families(self.get("/metrics").text):
            for sample in family.samples:
                if sample.name == name and labels.items() <= sample.labels.items():
                    return sample.value
        return None

    def _environment(self, ready_fd: int) -> dict[str, str]:
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("AFTERWORK_")}
        documents = f"sqlite:///{self.log_path.parent}/documents.sqlite"
        own = {"AFTERWORK_DOCUMENTS__URL": documents}
        return {**inherited, **ANY_PORT, **own, **self._settings, "AFTERWORK_READY_FD": str(ready_fd)}

    def _ready_line(self, reader: int) -> str:
        end = time.monotonic() + DEADLINE
        line = b""
        while not line.endswith(b"\n"):
            ready, _, _ = select.select([reader], [], [], max(0.0, end - time.monotonic()))
            if not ready:
                raise TimeoutError(f"{self.module} is not ready after {DEADLINE:g} s")
            part = os.read(reader, 1024)
            if not part:
                raise EndedEarlyError(f"{self.module} ended with {self.wait()}:\n{self.log[-2000:]}")
            line += part
        return line.decode().strip()

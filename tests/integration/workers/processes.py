"""Services as real processes: started with `python -m`, ready when they say so, stopped, killed and frozen by pid."""

import os
import select
import signal
import subprocess
import sys
import time
from pathlib import Path

import httpx
from prometheus_client.parser import text_string_to_metric_families

ROOT = Path(__file__).parents[3]
DEADLINE = 30.0
"""Seconds within which a process must be ready, or end when it is asked to, on a busy machine."""
DEFAULTS = {"gateway__port": 0, "health__port": 0, "probes": "all", "worker__retry_base": 0.01}


class EndedEarlyError(Exception):
    """The process ended before it was ready."""


class ServiceProcess:
    """One process of a service, that may be started again after its end, as a supervisor would.

    settings: what stands behind `AFTERWORK_` in lower case, such as `lease=1, worker__grace=5`.
    url: where the process last said that it answers. is_ready: whether the last one that was started has said so.
    """

    def __init__(self, module: str, redis_url: str, log: Path, **settings: object) -> None:
        self.module = module
        self.log = log
        self.url = ""
        self.is_ready = False
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("AFTERWORK_")}
        chosen = DEFAULTS | settings | {"redis__url": redis_url}
        self._environment = inherited | {f"AFTERWORK_{name.upper()}": str(chosen[name]) for name in chosen}
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        """The process id, also of a process that has ended."""
        return self._started().pid

    @property
    def exit_code(self) -> int | None:
        """None before its start and while it runs; -9 after SIGKILL."""
        return None if self._process is None else self._process.poll()

    @property
    def is_running(self) -> bool:
        """Whether it was started and has not ended."""
        return self._process is not None and self._process.poll() is None

    def start(self) -> None:
        """Start the process and return when it says that it is ready. Raises EndedEarlyError or TimeoutError."""
        reader, writer = os.pipe()
        self.is_ready = False
        try:
            with self.log.open("ab") as log:
                self._process = subprocess.Popen(
                    [sys.executable, "-m", self.module],
                    cwd=ROOT,
                    env=self._environment | {"AFTERWORK_READY_FD": str(writer)},
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
        self._started().send_signal(number)

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

    def terminate(self) -> None:
        """Ask it to drain (SIGTERM)."""
        self.send(signal.SIGTERM)

    def wait(self, deadline: float = DEADLINE) -> int:
        """The exit code, as soon as it has ended; raises subprocess.TimeoutExpired."""
        return self._started().wait(deadline)

    def remove(self) -> None:
        """End it in any case, frozen or not."""
        if self.is_running:
            self.kill()

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

    def _started(self) -> subprocess.Popen[bytes]:
        assert self._process is not None, f"{self.module} was not started"
        return self._process

    def _ready_line(self, reader: int) -> str:
        end = time.monotonic() + DEADLINE
        line = b""
        while not line.endswith(b"\n"):
            ready, _, _ = select.select([reader], [], [], max(0.0, end - time.monotonic()))
            if not ready:
                raise TimeoutError(f"{self.module} is not ready after {DEADLINE:g} s")
            part = os.read(reader, 1024)
            if not part:
                raise EndedEarlyError(
                    f"{self.module} ended with {self.wait()}:\n{self.log.read_text()[-2000:]}"
                )
            line += part
        return line.decode().strip()

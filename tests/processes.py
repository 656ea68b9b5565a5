"""Services as processes of their own, started as a supervisor starts them and ended by the signals it sends."""

import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.servers import wait_until


class ServiceProcess:
    """One `python -m <module>`, ready on entering and gone on leaving the `with` block.

        with ServiceProcess("gateway", AFTERWORK_REDIS__URL=server.url) as gateway:
            httpx.get(f"{gateway.url}/readyz")

    settings: environment variables beside those of the test run; its `AFTERWORK_*` are not handed on.
    """

    def __init__(self, module: str, **settings: str) -> None:
        self.module = module
        self.url = ""
        self._settings = settings
        self._directory = tempfile.TemporaryDirectory(prefix=f"aw-{module}-")
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
    def process(self) -> "subprocess.Popen[bytes]":
        """The process that was started last."""
        assert self._process is not None, f"{self.module} was not started"
        return self._process

    @property
    def log(self) -> str:
        """What the process has written so far."""
        return self._log_path.read_text(errors="replace")

    def start(self) -> None:
        """Start the process and return when it has written its URL."""
        reading, writing = os.pipe()
        with os.fdopen(reading, encoding="utf-8") as ready, self._log_path.open("ab") as log:
            try:
                self._process = subprocess.Popen(
                    [sys.executable, "-m", self.module],
                    env=self._environment(writing),
                    pass_fds=[writing],
                    stdout=log,
                    stderr=log,
                )
            finally:
                os.close(writing)
            self.url = ready.readline().strip()
        if not self.url:
            message = f"{self.module} ended with {self.process.wait()} before it was ready:\n{self.log}"
            raise RuntimeError(message)

    def terminate(self) -> None:
        """Ask the process to end (SIGTERM); does not wait."""
        self.process.send_signal(signal.SIGTERM)

    def wait(self, deadline: float) -> int:
        """Its exit code. Raises TimeoutError if it has not ended after `deadline` seconds."""
        wait_until(lambda: self.process.poll() is not None, deadline=deadline, what=f"{self.module} ends")
        return self.process.returncode

    @property
    def _log_path(self) -> Path:
        return Path(self._directory.name) / "log"

    def _environment(self, ready_fd: int) -> dict[str, str]:
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("AFTERWORK_")}
        ports = {"AFTERWORK_GATEWAY__PORT": "0", "AFTERWORK_HEALTH__PORT": "0"}
        return {**inherited, **ports, **self._settings, "AFTERWORK_READY_FD": str(ready_fd)}

    def _remove(self) -> None:
        if self._process is not None and self._process.poll() is None:
            self._process.kill()
            self._process.wait()
        self._directory.cleanup()

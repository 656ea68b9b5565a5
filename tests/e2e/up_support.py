"""`afterwork up` as a user runs it: started in a process of its own, watched, killed, and cleaned up after."""

import os
import re
import signal
import subprocess
import sys
import threading
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import httpx
import psutil
from tests.servers import wait_until

COMMAND = (sys.executable, "-m", "afterwork.cli", "up")
READY = r"^afterwork ready: (\S+)$"
READY_WITHIN = 60.0
STOPPED_WITHIN = 10.0  # what Ctrl-C promises


class Up:
    """One run of `afterwork up` on a free port; leaving the `with` block ends it and all its children.

    folder: the data directory. options, environment: in addition to what is inherited.
    """

    def __init__(self, folder: Path, *options: str, port: int = 0, **environment: str) -> None:
        self.folder = folder
        self._command = [*COMMAND, "--port", str(port), "--data-dir", str(folder), *options]
        self._environment = {**os.environ, **environment}
        self._printed: list[str] = []
        self._family: set[psutil.Process] = set()

    def __enter__(self) -> Self:
        self.process = subprocess.Popen(
            self._command,
            env=self._environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.children()
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
            try:
                self.process.wait(STOPPED_WITHIN + 5)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        for orphan in psutil.wait_procs(self._family, timeout=STOPPED_WITHIN)[1]:
            orphan.kill()
        self._reader.join(STOPPED_WITHIN)
        if self.process.stdout:
            self.process.stdout.close()
        if kind:
            print(self.printed)  # pytest shows it with the failure

    @property
    def printed(self) -> str:
        """All that was printed so far."""
        return "".join(self._printed)

    @property
    def address(self) -> str:
        """Base URL of the gateway, as soon as everything is ready."""
        return self.waits_for_line(READY)[1]

    def waits_for_line(self, pattern: str, *, deadline: float = READY_WITHIN) -> re.Match[str]:
        """Wait until a line that matches has been printed."""
        compiled = re.compile(pattern, re.MULTILINE)
        wait_until(
            lambda: bool(compiled.search(self.printed)) or self.process.poll() is not None,
            deadline=deadline,
            what=f"{compiled.pattern} in:\n{self.printed}",
        )
        self._reader.join(1 if self.process.poll() is not None else 0)
        found = compiled.search(self.printed)
        assert found, self.printed
        return found

    def children(self) -> list[psutil.Process]:
        """Everything that it runs now, at whatever depth; remembered, to find orphans later."""
        try:
            found = psutil.Process(self.process.pid).children(recursive=True)
        except psutil.NoSuchProcess:
            found = []
        self._family.update(found)
        return found

    def child(self, name: str) -> psutil.Process:
        """The process of the gateway, of Valkey, or of the first worker of a service, once it is more than a guard."""
        found: list[psutil.Process] = []

        def there() -> bool:
            found[:] = [child for child in self.children() if is_running(child, name)]
            return bool(found)

        wait_until(there, what=f"a process for {name}")
        return found[0]

    def ends(self, number: int) -> int:
        """Send a signal and wait until it has ended, and all its children with it; the exit code."""
        family = self.children()
        self.process.send_signal(number)
        code = self.process.wait(STOPPED_WITHIN)
        assert psutil.wait_procs(family, timeout=1)[1] == []  # a moment, as the system reaps those below ours
        return code

    def client(self) -> httpx.Client:
        """A client of the gateway; the caller closes it."""
        return httpx.Client(base_url=self.address, timeout=10)

    def _read(self) -> None:
        assert self.process.stdout
        for line in self.process.stdout:
            self._printed.append(line)


def is_running(process: psutil.Process, name: str) -> bool:
    """Whether the process is that program."""
    try:
        words = process.cmdline()
    except psutil.NoSuchProcess:
        return False
    if name == "valkey":
        return bool(words) and "valkey-server" in words[0] and "guard.py" not in " ".join(words)
    return words[1:] == ["-m", name]


def submit(client: httpx.Client, queue: str = "notifier", seconds: float = 0, **payload: object) -> str:
    """Post a job, again and again while the gateway or Redis are away; the id of the accepted job."""
    body = {"kind": "probe.run", "payload": {"queue": queue, "seconds": seconds, **payload}}
    accepted: list[str] = []

    def is_accepted() -> bool:
        try:
            answer = client.post("/v1/jobs", json=body)
        except httpx.TransportError:
            return False
        if answer.status_code == httpx.codes.ACCEPTED:
            accepted.append(answer.json()["id"])
        else:
            assert answer.status_code == httpx.codes.SERVICE_UNAVAILABLE, answer.text
        return bool(accepted)

    wait_until(is_accepted, deadline=30, what="a job is accepted")
    return accepted[0]


def job(client: httpx.Client, job_id: str) -> dict[str, Any]:  # Any: JSON as the gateway renders it
    """The job as the gateway shows it now; empty while it does not answer."""
    try:
        answer = client.get(f"/v1/jobs/{job_id}")
    except httpx.TransportError:
        return {}
    assert answer.status_code in {httpx.codes.OK, httpx.codes.SERVICE_UNAVAILABLE}, answer.text
    return dict(answer.json()) if answer.is_success else {}


def wait_for_state(client: httpx.Client, job_id: str, state: str, *, deadline: float = 40) -> dict[str, Any]:
    """Wait until the job is in that state; the job."""
    wait_until(
        lambda: job(client, job_id).get("state") == state, deadline=deadline, what=f"{job_id} is {state}"
    )
    return job(client, job_id)


def imbalance(client: httpx.Client) -> int:
    """What the ledger says; must be 0."""
    return int(client.get("/v1/ledger").raise_for_status().json()["imbalance"])

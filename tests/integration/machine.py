"""A machine with Afterwork on it, as its user sees it: over HTTP, and able to lose its power."""

import os
import signal
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import httpx
import psutil
from tests.e2e.up_support import Up, imbalance, wait_for_state
from tests.servers import wait_until

LEASE = "3"
"""Seconds; after a power cut the jobs that ran begin again that much later."""
ENDS_WITHIN = 90.0
Json = dict[str, Any]  # what httpx takes and gives as JSON


class Machine:
    """`afterwork up` on a folder that outlives it. environment: in addition to what is inherited."""

    def __init__(self, folder: Path, **environment: str) -> None:
        self.folder = folder
        self._environment = {"AFTERWORK_LEASE": LEASE, **environment}
        self._up = self._new()
        self._http: httpx.Client | None = None

    def __enter__(self) -> Self:
        self._up.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._hang_up()
        self._up.__exit__(kind, error, trace)

    @property
    def http(self) -> httpx.Client:
        """A client of the gateway, as soon as everything is ready."""
        if self._http is None:
            self._http = httpx.Client(base_url=self._up.address, timeout=60)
        return self._http

    @property
    def printed(self) -> str:
        """All that was printed since the last start."""
        return self._up.printed

    def loses_power(self) -> None:
        """`kill -9` of every process at once, and a start on the same folder."""
        family = [self._up.process.pid, *(child.pid for child in self._up.children())]
        for pid in family:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:  # it died with its parent
                continue
        self._up.process.wait()
        self._hang_up()
        self._up.__exit__(None, None, None)
        self._up = self._new()
        self._up.__enter__()

    def put(self, name: str, content: bytes | Iterable[bytes], content_type: str) -> Json:
        """Store an object."""
        answer = self.http.put(f"/v1/objects/{name}", content=content, headers={"Content-Type": content_type})
        assert answer.is_success, answer.text
        return dict(answer.json())

    def get(self, path: str) -> httpx.Response:
        """What stands there."""
        answer = self.http.get(path)
        assert answer.is_success, answer.text
        return answer

    def post(self, path: str, body: object = None) -> httpx.Response:
        """Submit something; it is accepted."""
        answer = self.http.post(path, json=body) if body is not None else self.http.post(path)
        assert answer.is_success, answer.text
        return answer

    def ends(self, job_id: str) -> Json:
        """Wait until the job has succeeded; the job, and balanced books."""
        job = wait_for_state(self.http, job_id, "succeeded", deadline=ENDS_WITHIN)
        assert imbalance(self.http) == 0
        return job

    def mails(self, count: int) -> list[bytes]:
        """What lies in the inbox, once there is that much."""
        inbox = self.folder / "mail"
        wait_until(
            lambda: len(list(inbox.glob("*.eml"))) >= count, deadline=ENDS_WITHIN, what=f"{count} mails"
        )
        return [path.read_bytes() for path in sorted(inbox.glob("*.eml"))]

    def process(self, module: str) -> psutil.Process:
        """The process of the gateway or of a service."""
        return self._up.child(module)

    def _new(self) -> Up:
        return Up(self.folder, port=0, **self._environment)

    def _hang_up(self) -> None:
        if self._http is not None:
            self._http.close()
            self._http = None

"""Real object stores for tests: an S3 (moto) in this process, and an Azure Blob Storage (Azurite), which npm brings."""

import base64
import fcntl
import hashlib
import hmac
import re
import shutil
import subprocess
import sys
import tempfile
from datetime import UTC, datetime
from email.utils import format_datetime
from itertools import count
from pathlib import Path
from types import TracebackType
from typing import Self

import httpx
import pytest
from moto.server import ThreadedMotoServer
from pydantic import SecretStr

from afterwork.stores import StoreSettings
from tests.servers import wait_until

AZURITE = Path(__file__).with_name("azurite")
ACCOUNT = "devstoreaccount1"
ACCOUNT_KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
"""Azurite's own, known to everybody."""
_VERSION = "2021-08-06"
_numbers = count(1)


class S3Server:
    """Moto on a port of its own.

    with S3Server() as server:
        ...  # server.new_store()
    """

    def __init__(self) -> None:
        self._server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
        self._client = httpx.Client()
        self.url = ""

    def __enter__(self) -> Self:
        self._server.start()
        host, port = self._server.get_host_and_port()
        self.url = f"http://{host}:{port}"
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._client.close()
        self._server.stop()

    def new_store(self, prefix: str = "") -> StoreSettings:
        """A bucket of its own."""
        bucket = f"bucket-{next(_numbers)}"
        self._client.put(f"{self.url}/{bucket}").raise_for_status()
        return self.store(bucket, prefix)

    def store(self, bucket: str, prefix: str = "") -> StoreSettings:
        """What a store of this bucket is configured by, whether it is there or not."""
        return StoreSettings(
            url=f"s3://{bucket}/{prefix}",
            endpoint=self.url,
            region="us-east-1",
            access_key_id="AKIA",
            secret_access_key=SecretStr("a secret of S3"),
        )

    def put(self, settings: StoreSettings, key: str, content: bytes) -> None:
        """Put an object there, past our own code."""
        self._client.put(f"{self.url}/{settings.bucket}/{key}", content=content).raise_for_status()

    def storage_classes(self, settings: StoreSettings) -> list[str]:
        """Those of all objects, past our own code."""
        answer = self._client.get(f"{self.url}/{settings.bucket}")
        return re.findall("<StorageClass>(.*?)</StorageClass>", answer.text)

    def keys(self, settings: StoreSettings) -> list[str]:
        """The keys of everything that is there, past our own code."""
        answer = self._client.get(f"{self.url}/{settings.bucket}")
        return re.findall("<Key>(.*?)</Key>", answer.text)

    def uploads(self, settings: StoreSettings) -> list[str]:
        """The keys of uploads in parts that were neither completed nor given up."""
        answer = self._client.get(f"{self.url}/{settings.bucket}?uploads")
        return re.findall("<Key>(.*?)</Key>", answer.text)


class AzureServer:
    """Azurite on a port of its own, everything in memory. Skips the test where node or npm is missing."""

    def __init__(self) -> None:
        self._directory = tempfile.TemporaryDirectory(prefix="aw-azurite-")
        self._log = Path(self._directory.name) / "log"
        self._process: subprocess.Popen[bytes] | None = None
        self.url = ""

    def __enter__(self) -> Self:
        command = [
            "node",
            str(azurite()),
            "--disableTelemetry",
            "--skipApiVersionCheck",
            "--inMemoryPersistence",
        ]
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                [*command, "--blobHost", "127.0.0.1", "--blobPort", "0"],
                cwd=self._directory.name,
                stdout=log,
                stderr=log,
            )
        try:
            wait_until(self._listens, deadline=60, what="Azurite listens")
        except BaseException:
            self._end()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end()

    def new_store(self, prefix: str = "") -> StoreSettings:
        """A container of its own."""
        container = f"container-{next(_numbers)}"
        self._request("PUT", container, restype="container").raise_for_status()
        return self.store(container, prefix)

    def store(self, container: str, prefix: str = "", *, key: str = ACCOUNT_KEY) -> StoreSettings:
        """What a store of this container is configured by, whether it is there or not."""
        return StoreSettings(
            url=f"az://{container}/{prefix}",
            endpoint=f"{self.url}/{ACCOUNT}",
            account=ACCOUNT,
            account_key=SecretStr(key),
        )

    def head(self, settings: StoreSettings, key: str) -> httpx.Headers:
        """What the server says of an object, past our own code."""
        answer = self._request("HEAD", f"{settings.bucket}/{key}")
        answer.raise_for_status()
        return answer.headers

    def _request(self, method: str, path: str, **query: str) -> httpx.Response:
        """Signed by the account's key ("Authorize with Shared Key")."""
        told = {"x-ms-date": format_datetime(datetime.now(UTC), usegmt=True), "x-ms-version": _VERSION}
        resource = "".join(f"\n{name}:{value}" for name, value in query.items())
        names = "".join(f"{name}:{value}\n" for name, value in told.items())
        text = f"{method}{12 * chr(10)}{names}/{ACCOUNT}/{ACCOUNT}/{path}{resource}"
        digest = hmac.digest(base64.b64decode(ACCOUNT_KEY), text.encode(), hashlib.sha256)
        signature = f"SharedKey {ACCOUNT}:{base64.b64encode(digest).decode()}"
        address = f"{self.url}/{ACCOUNT}/{path}"
        return httpx.request(method, address, params=query, headers={**told, "Authorization": signature})

    def _listens(self) -> bool:
        assert self._process is not None
        text = self._log.read_text()
        assert self._process.poll() is None, f"Azurite has ended:\n{text}"
        listening = re.search(r"successfully listens on (http://\S+)", text)
        self.url = listening[1] if listening else ""
        return listening is not None

    def _end(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()
        self._directory.cleanup()


def azurite() -> Path:
    """Azurite's program, installed beside this Python as its lock says. Skips the test without node or npm."""
    if shutil.which("node") is None or shutil.which("npm") is None:
        pytest.skip("node and npm are not installed: nothing is tried on Azurite, an Azure Blob Storage")
    lock = (AZURITE / "package-lock.json").read_bytes()
    folder = Path(sys.prefix) / f"azurite-{hashlib.sha256(lock).hexdigest()[:12]}"
    folder.mkdir(exist_ok=True)
    program = folder / "node_modules/azurite/dist/src/blob/main.js"
    with (folder / "installing").open("w") as turn:
        fcntl.flock(turn, fcntl.LOCK_EX)
        if not (folder / "installed").exists():
            _install(folder)
    return program


def _install(folder: Path) -> None:
    for name in ("package.json", "package-lock.json"):
        shutil.copy(AZURITE / name, folder)
    command = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
    run = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, timeout=240)
    if run.returncode:
        pytest.skip(f"npm cannot install Azurite: {run.stderr.strip()[:300]}")
    (folder / "installed").touch()

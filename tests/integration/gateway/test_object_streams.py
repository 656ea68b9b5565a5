"""Objects to and from a gateway process: large, slow, broken off, and under addresses that lead elsewhere."""

import json
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import psutil
import pytest
from tests.integration.gateway.raw_http import connected
from tests.processes import EndedEarlyError, ServiceProcess
from tests.servers import RedisServer, wait_until

from afterwork.contracts.objects import RESERVED

MIB = 1024**2
SIZE = 2048 * MIB
MOST_GROWTH = 200 * MIB
REQUEST_TIMEOUT = 0.6


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The directory of the store `inbox`."""
    return tmp_path_factory.mktemp("inbox")


@pytest.fixture(scope="module")
def gateway(shared_redis: RedisServer, root: Path) -> Iterator[ServiceProcess]:
    """A gateway in a hurry; one of its stores is down."""
    with ServiceProcess(
        "gateway",
        AFTERWORK_REDIS__URL=shared_redis.url,
        AFTERWORK_DOCUMENTS__URL=f"sqlite:///{root.parent}/documents.sqlite",
        AFTERWORK_GATEWAY__REQUEST_TIMEOUT=str(REQUEST_TIMEOUT),
        AFTERWORK_STORES__INBOX__URL=f"file://{root}",
        AFTERWORK_STORES__DOWN__URL="s3://bucket",
        AFTERWORK_STORES__DOWN__ENDPOINT="http://127.0.0.1:1",
        AFTERWORK_STORES__DOWN__REGION="eu-west-1",
        AFTERWORK_STORES__DOWN__ACCESS_KEY_ID="AKIA",
        AFTERWORK_STORES__DOWN__SECRET_ACCESS_KEY="do not tell",
    ) as process:
        yield process
        assert "Traceback" not in process.log
        assert "do not tell" not in process.log


@pytest.fixture
def http(gateway: ServiceProcess) -> Iterator[httpx.Client]:
    """Requests to it."""
    with httpx.Client(base_url=gateway.url, timeout=60) as client:
        yield client


def staged(root: Path) -> list[Path]:
    """What is being written."""
    return list((root / RESERVED / "writing").glob("*"))


def put(url: str, path: str, length: int) -> socket.socket:
    """A connection on which an upload has begun."""
    connection = connected(url)
    head = f"PUT {path} HTTP/1.1\r\nHost: gateway\r\nContent-Length: {length}\r\n\r\n"
    connection.sendall(head.encode())
    return connection


def status_of(url: str, request_line: str) -> int:
    """The status that answers this very request line."""
    with connected(url) as connection:
        connection.sendall(f"{request_line} HTTP/1.1\r\nHost: gateway\r\nContent-Length: 0\r\n\r\n".encode())
        return int(connection.recv(65_536).split()[1])


def zeros() -> Iterator[bytes]:
    """SIZE bytes."""
    piece = bytes(MIB)
    for _ in range(SIZE // MIB):
        yield piece


@pytest.mark.timeout(300)  # a slow disk takes its time
def test_the_gateways_memory_does_not_grow_with_an_object(
    gateway: ServiceProcess, http: httpx.Client, root: Path
) -> None:
    process = psutil.Process(gateway.pid)
    before = process.memory_info().rss
    most = 0

    answer = http.put("/v1/objects/inbox/large", content=zeros(), headers={"Content-Length": str(SIZE)})
    most = max(most, process.memory_info().rss)
    received = 0
    with http.stream("GET", "/v1/objects/inbox/large") as got:
        for piece in got.iter_raw():
            received += len(piece)
            most = max(most, process.memory_info().rss if received % (64 * MIB) < len(piece) else 0)

    (root / "large").unlink()
    assert answer.status_code == 201
    assert answer.json()["size"] == received == SIZE
    assert most - before < MOST_GROWTH


def test_an_upload_that_breaks_off_leaves_nothing(
    gateway: ServiceProcess, http: httpx.Client, root: Path
) -> None:
    with put(gateway.url, "/v1/objects/inbox/broken", 10 * MIB) as connection:
        connection.sendall(bytes(5 * MIB))
        wait_until(lambda: bool(staged(root)), what="it is being written")

    wait_until(lambda: not staged(root), what="what was written of it is gone")
    assert http.get("/v1/objects/inbox/broken").status_code == 404
    assert [path.name for path in root.iterdir()] == [RESERVED]


def test_an_upload_in_chunks_that_breaks_off_leaves_nothing(
    gateway: ServiceProcess, http: httpx.Client, root: Path
) -> None:
    with connected(gateway.url) as connection:
        connection.sendall(
            b"PUT /v1/objects/inbox/broken HTTP/1.1\r\nHost: g\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n"
        )
        wait_until(lambda: bool(staged(root)), what="it is being written")
        connection.sendall(b"nonsense\r\n")
        assert connection.recv(65_536).startswith(b"HTTP/1.1 400 ")

    wait_until(lambda: not staged(root), what="what was written of it is gone")
    assert http.get("/v1/objects/inbox/broken").status_code == 404


def test_an_upload_may_take_its_time_as_long_as_more_of_it_comes(
    gateway: ServiceProcess, http: httpx.Client
) -> None:
    began = time.monotonic()
    with put(gateway.url, "/v1/objects/inbox/slow", 12) as connection:
        for number in range(12):
            due = began + number * REQUEST_TIMEOUT / 3
            wait_until(lambda due=due: time.monotonic() >= due)  # type: ignore[misc] # mypy sees no default here
            connection.sendall(b"x")
        answer = connection.recv(65_536)

    assert answer.startswith(b"HTTP/1.1 201 ")
    assert time.monotonic() - began > 3 * REQUEST_TIMEOUT
    assert http.delete("/v1/objects/inbox/slow").status_code == 204


def test_an_upload_that_stands_still_is_refused_and_leaves_nothing(
    gateway: ServiceProcess, http: httpx.Client, root: Path
) -> None:
    with put(gateway.url, "/v1/objects/inbox/still", 10 * MIB) as connection:
        connection.sendall(bytes(MIB))
        answer = connection.recv(65_536)

    assert answer.startswith(b"HTTP/1.1 408 ")
    wait_until(lambda: not staged(root), what="what was written of it is gone")
    assert http.get("/v1/objects/inbox/still").status_code == 404


def test_what_is_no_object_is_still_limited(http: httpx.Client) -> None:
    for method, path in (("POST", "/v1/jobs"), ("PUT", "/v1/objects"), ("PUT", "/v1/jobs/objects/a")):
        answer = http.request(method, path, content=bytes(2 * MIB))
        assert answer.status_code == 413, path


def test_a_large_upload_that_is_refused_is_answered(gateway: ServiceProcess, http: httpx.Client) -> None:
    http.put("/v1/objects/inbox/there", content=b"x")

    with connected(gateway.url) as connection:
        connection.sendall(
            b"PUT /v1/objects/inbox/there HTTP/1.1\r\nHost: g\r\nIf-None-Match: *\r\nContent-Length: 999999999\r\n\r\n"
        )
        answer = connection.recv(65_536)

    assert answer.startswith(b"HTTP/1.1 412 ")
    assert http.delete("/v1/objects/inbox/there").status_code == 204


def test_a_download_that_nobody_takes_any_more_is_ended(
    gateway: ServiceProcess, http: httpx.Client, root: Path
) -> None:
    with (root / "large").open("wb") as file:
        file.truncate(1024**4)  # sparse, and far too much to be sent while the test waits
    process = psutil.Process(gateway.pid)

    with connected(gateway.url, receive_buffer=4096) as connection:
        connection.sendall(b"GET /v1/objects/inbox/large HTTP/1.1\r\nHost: gateway\r\n\r\n")
        connection.recv(1024)
        wait_until(lambda: any(file.path == str(root / "large") for file in process.open_files()))

    wait_until(lambda: not any(file.path == str(root / "large") for file in process.open_files()))
    assert http.delete("/v1/objects/inbox/large").status_code == 204


@pytest.mark.parametrize(
    "path",
    [
        "../../../etc/hostname",
        "%2e%2e/%2e%2e/etc/hostname",
        "..%2f..%2fetc%2fhostname",
        "a/../../b",
        "/etc/hostname",
        "%2fetc%2fhostname",
        "./a",
        "a//b",
        "a/",
        "a%00b",
        "a%5cb",
        "%c0%ae%c0%ae/a",
        "%ff",
        "%ed%a0%80",
        ".afterwork/writing/a",
        "%2eafterwork/x",
        "x" * 300,
        "y/" * 460 + "z",
    ],
)
@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
def test_no_address_leads_out_of_the_store(
    gateway: ServiceProcess, root: Path, method: str, path: str
) -> None:
    before = sorted(root.parent.rglob("*"))

    assert status_of(gateway.url, f"{method} /v1/objects/inbox/{path}") == 400

    assert [one for one in sorted(root.parent.rglob("*")) if one.suffix != ".sqlite-wal"] == [
        one for one in before if one.suffix != ".sqlite-wal"
    ]


def test_an_address_with_a_line_break_leads_nowhere(gateway: ServiceProcess) -> None:
    assert status_of(gateway.url, "PUT /v1/objects/inbox/a%0d%0aX:y") == 404


@pytest.mark.parametrize(
    ("path", "key"),
    [
        ("a%2Fb", "a/b"),
        ("%252e%252e%252fb", "%2e%2e%2fb"),
        ("a+b%3Fc%23d", "a+b?c#d"),
        ("%EF%BF%BD", "\ufffd"),
        ("..a/b..", "..a/b.."),
    ],
)
def test_an_address_is_decoded_once(http: httpx.Client, gateway: ServiceProcess, path: str, key: str) -> None:
    assert status_of(gateway.url, f"PUT /v1/objects/inbox/{path}") == 201

    [one] = http.get("/v1/objects/inbox").json()["objects"]
    assert one["key"] == key
    assert http.delete(one["links"]["self"]).status_code == 204


@pytest.mark.parametrize(("method", "path"), [("GET", "/a"), ("PUT", "/a"), ("DELETE", "/a"), ("GET", "")])
def test_a_store_that_is_down_is_unavailable_within_seconds(
    http: httpx.Client, method: str, path: str
) -> None:
    began = time.monotonic()

    answer = http.request(method, f"/v1/objects/down{path}")

    assert answer.status_code == 503
    assert json.loads(answer.text)["type"] == "/problems/store-unavailable"
    assert time.monotonic() - began < 12
    assert http.get("/readyz").status_code == 200


def test_a_gateway_whose_store_cannot_be_made_says_so_in_one_line(
    shared_redis: RedisServer, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("x")
    gateway = ServiceProcess(
        "gateway",
        AFTERWORK_REDIS__URL=shared_redis.url,
        AFTERWORK_DOCUMENTS__URL=f"sqlite:///{tmp_path}/documents.sqlite",
        AFTERWORK_STORES__INBOX__URL=f"file://{tmp_path}/file/store",
    )

    with pytest.raises(EndedEarlyError, match="ended with 1"):
        gateway.start()

    assert gateway.log.splitlines()[-1].startswith("afterwork: store inbox: ")
    assert "Traceback" not in gateway.log
    gateway.remove()

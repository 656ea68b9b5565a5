"""Clients that send too slowly, too much, or never to an end: let go in time, and nobody else notices."""

import itertools
import json
import re
import socket
import threading
import time
from collections.abc import Callable, Iterator

import httpx
import pytest
from tests.integration.gateway.bodies import probe
from tests.integration.gateway.raw_http import connected, request
from tests.processes import ServiceProcess
from tests.servers import RedisServer, wait_until

PATIENCE = 2
"""Seconds that this gateway gives a request to arrive."""
SOON = 1.0
"""Seconds within which an ordinary request is answered, whatever others do."""
SUBMISSION = request("POST", "/v1/jobs", body=probe())
HEAD = b"POST /v1/jobs HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"
MIB = 1024 * 1024


@pytest.fixture(scope="module")
def strict(shared_redis: RedisServer) -> Iterator[ServiceProcess]:
    """A gateway with little patience; in the end it has failed nowhere."""
    with ServiceProcess(
        "gateway", AFTERWORK_REDIS__URL=shared_redis.url, AFTERWORK_GATEWAY__REQUEST_TIMEOUT=str(PATIENCE)
    ) as process:
        yield process
        assert "Traceback" not in process.log
        assert not re.search(r'http_requests_total\{[^}]*status="5', process.get("/metrics").text)


def rest_of(connection: socket.socket) -> bytes:
    """All that comes until the gateway closes the connection."""
    received = b""
    try:
        while part := connection.recv(65_536):
            received += part
    except ConnectionResetError:
        pass
    return received


def problem(received: bytes) -> tuple[int, str]:
    """Status and code of the only answer."""
    head, _, body = received.partition(b"\r\n\r\n")
    assert b"connection: close" in head.lower()
    return int(head.split()[1]), json.loads(body)["type"].removeprefix("/problems/")


def trickle(connection: socket.socket, data: bytes, pause: float) -> None:
    """Send byte by byte until all is sent or nobody listens any more."""
    with_pauses = threading.Event()
    try:
        for byte in data:
            connection.sendall(bytes([byte]))
            with_pauses.wait(pause)
    except OSError:
        return


def in_background(function: Callable[..., object], *arguments: object) -> threading.Thread:
    thread = threading.Thread(target=function, args=arguments, daemon=True)
    thread.start()
    return thread


def stored(gateway: ServiceProcess) -> int:
    return int(gateway.get("/v1/ledger").json()["accepted"])


def test_a_slow_client_that_is_done_in_time_is_served(strict: ServiceProcess) -> None:
    with connected(strict.url) as connection:
        trickle(connection, SUBMISSION, PATIENCE / 3 / len(SUBMISSION))

        assert b" 202 Accepted" in connection.recv(1000)


@pytest.mark.parametrize(
    ("at_once", "slowly"),
    [
        (b"", b"GET /healthz HTTP/1.1\r\nHost: " + b"x" * 100),
        (b"GET /healthz HTTP/1.1\r\n", b"X-Long: " + b"x" * 100),
        (HEAD + b"Content-Length: 1000\r\n\r\n{", b" " * 100),
        (CHUNKED, b"5\r\n     \r\n" * 10),
    ],
    ids=["request line", "header", "body", "chunks"],
)
def test_a_request_that_takes_too_long_is_answered_and_others_do_not_notice(
    strict: ServiceProcess, at_once: bytes, slowly: bytes
) -> None:
    # Given
    connections = [connected(strict.url) for _ in range(20)]
    began = time.monotonic()
    for connection in connections:
        connection.sendall(at_once)
        in_background(trickle, connection, slowly, 0.2)

    # When
    others = [httpx.post(f"{strict.url}/v1/jobs", json=probe()) for _ in range(20)]

    # Then
    assert {answer.status_code for answer in others} == {202}
    assert max(answer.elapsed.total_seconds() for answer in others) < SOON
    for connection in connections:
        with connection:
            assert problem(rest_of(connection)) == (408, "request-timeout")
    assert PATIENCE - 0.1 < time.monotonic() - began < PATIENCE + 3


@pytest.mark.parametrize("sent", [b"", b"\r\n"])
def test_a_client_that_says_nothing_is_let_go(strict: ServiceProcess, sent: bytes) -> None:
    with connected(strict.url) as connection:
        began = time.monotonic()
        connection.sendall(sent)
        received = rest_of(connection)

    assert PATIENCE - 0.1 < time.monotonic() - began < PATIENCE + 2
    assert received == b"" or problem(received)[0] == 408


def test_a_kept_connection_is_let_go_although_blank_lines_come(strict: ServiceProcess) -> None:
    with connected(strict.url) as connection:
        connection.sendall(request("GET", "/healthz"))
        assert b" 200 OK" in connection.recv(1000)
        began = time.monotonic()
        in_background(trickle, connection, b"\r\n" * 100, 0.2)

        rest_of(connection)

    assert time.monotonic() - began < PATIENCE + 3


def test_what_comes_slowly_after_the_answer_is_not_waited_for(strict: ServiceProcess) -> None:
    with connected(strict.url) as connection:
        began = time.monotonic()
        connection.sendall(b"POST /nowhere HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n")
        in_background(trickle, connection, b" " * 1000, 0.2)

        assert b" 404 Not Found" in rest_of(connection)

    assert time.monotonic() - began < PATIENCE + 3


def test_a_body_that_breaks_off_stores_nothing(strict: ServiceProcess) -> None:
    before = stored(strict)

    for sent in (SUBMISSION[:-1], CHUNKED + b"5\r\n{", CHUNKED + b"2\r\n{}\r\n", HEAD, HEAD[:20]):
        with connected(strict.url) as connection:
            connection.sendall(sent)
            connection.shutdown(socket.SHUT_WR)
            assert b" 20" not in rest_of(connection)[:12]

    assert stored(strict) == before


def flood(connection: socket.socket, parts: Iterator[bytes]) -> int:
    """Send until nobody takes any more; how many bytes that were."""
    sent = 0
    try:
        for part in parts:
            connection.sendall(part)
            sent += len(part)
    except OSError:
        pass
    return sent


ENDLESS = {
    "chunks": (CHUNKED, b"10000\r\n" + b" " * 65_536 + b"\r\n", (413, "payload-too-large")),
    "headers": (HEAD, b"X-More: more\r\n" * 1000, (400, "malformed-request")),
    "one header": (HEAD + b"X: ", b"x" * 10_000, (400, "malformed-request")),
    "address": (b"GET /", b"x" * 10_000, (400, "malformed-request")),
    "chunk extension": (CHUNKED + b"1;", b"x" * 10_000, (400, "malformed-request")),
    "trailers": (CHUNKED + b"2\r\n{}\r\n0\r\n", b"X-More: more\r\n" * 1000, (400, "malformed-request")),
}


@pytest.mark.parametrize("what", list(ENDLESS))
def test_what_has_no_end_is_refused_at_once_and_cut_off(strict: ServiceProcess, what: str) -> None:
    first, again, refusal = ENDLESS[what]
    with connected(strict.url) as connection:
        # When
        sent: list[int] = []
        began = time.monotonic()
        parts = itertools.chain([first], itertools.repeat(again))
        flooding = in_background(lambda: sent.append(flood(connection, parts)))
        received = rest_of(connection)
        flooding.join(10)

    # Then
    assert problem(received) == refusal
    assert time.monotonic() - began < PATIENCE + 2
    assert sent
    assert httpx.get(f"{strict.url}/healthz").status_code == 200


def test_an_endless_body_that_nobody_wants_is_cut_off(strict: ServiceProcess) -> None:
    with connected(strict.url) as connection:
        began = time.monotonic()
        connection.sendall(b"POST /nowhere HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n")
        in_background(flood, connection, itertools.repeat(ENDLESS["chunks"][1]))

        assert b" 404 Not Found" in rest_of(connection)

    assert time.monotonic() - began < PATIENCE, "not by its time alone"


@pytest.mark.parametrize(
    "sent",
    [
        HEAD + b"Content-Length: %d\r\n\r\n" % (8 * MIB) + b" " * (8 * MIB),
        CHUNKED + b"%x\r\n" % (8 * MIB) + b" " * (8 * MIB) + b"\r\n",
    ],
    ids=["declared", "chunked"],
)
def test_a_client_that_sends_too_much_can_read_why_it_is_refused(strict: ServiceProcess, sent: bytes) -> None:
    """It reads when it has sent all; a connection that was closed at once would have been reset under it."""
    with connected(strict.url) as connection:
        connection.sendall(sent)

        assert problem(rest_of(connection)) == (413, "payload-too-large")


def test_a_good_request_is_answered_although_nonsense_follows_it(strict: ServiceProcess) -> None:
    before = stored(strict)
    with connected(strict.url) as connection:
        connection.sendall(SUBMISSION + b"nonsense\r\n\r\n")
        received = rest_of(connection)

    assert received.startswith(b"HTTP/1.1 202 Accepted")
    assert received.count(b"HTTP/1.1 ") == 1
    assert stored(strict) == before + 1


def test_requests_that_come_together_are_all_answered(strict: ServiceProcess) -> None:
    with connected(strict.url) as connection:
        connection.sendall(SUBMISSION * 5)
        received = b""
        while received.count(b"HTTP/1.1 202 ") < 5:
            received += connection.recv(65_536)


def test_an_answer_that_takes_long_is_not_hurried_by_the_limit(strict: ServiceProcess) -> None:
    """Neither the client's next request nor its silence ends the wait that it asked for."""
    waits = request("POST", "/v1/jobs", {"Prefer": f"wait={PATIENCE * 2}"}, probe())
    with connected(strict.url) as connection:
        began = time.monotonic()
        connection.sendall(waits + SUBMISSION[:-1])
        received = connection.recv(65_536)

        assert received.startswith(b"HTTP/1.1 202 Accepted")
        assert time.monotonic() - began > PATIENCE * 1.5
        connection.sendall(SUBMISSION[-1:])
        wait_until(lambda: b" 202 Accepted" in connection.recv(65_536), deadline=5)

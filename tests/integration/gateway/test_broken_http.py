"""What is no HTTP, or breaks off, or comes over something else: refused, and no failure of the gateway."""

import json
import re
import socket

import httpx
import pytest
from tests.integration.gateway.nonsense import GOOD
from tests.processes import ServiceProcess
from tests.servers import wait_until

pytestmark = pytest.mark.usefixtures("no_traceback")

POST = b"POST /v1/jobs HTTP/1.1\r\nHost: x\r\n"
LENGTH = b"Content-Type: application/json\r\nContent-Length: %d\r\n\r\n%s" % (len(GOOD), GOOD)
UPGRADE = (
    b"GET /v1/jobs/x HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    b"Sec-WebSocket-Key: x3JJHMbDL1EzLkh9GBhXDw==\r\nSec-WebSocket-Version: 13\r\n\r\n"
)


def received(connection: socket.socket) -> bytes:
    """One whole answer."""
    answer = b""
    while chunk := connection.recv(10_000):
        answer += chunk
        head, end, body = answer.partition(b"\r\n\r\n")
        length = re.search(rb"content-length: (\d+)", head, flags=re.IGNORECASE)
        if end and length and len(body) >= int(length[1]):
            break
    return answer


@pytest.mark.parametrize(
    "request_bytes",
    [
        b"nonsense\r\n\r\n",
        b"FOO /v1/jobs HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET /v1/jobs/\xff HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET /v1/jobs?state=\xff HTTP/1.1\r\nHost: x\r\n\r\n",
        b"CONNECT x:80 HTTP/1.1\r\nHost: x\r\n\r\n",
        POST + b"Content-Length: -1\r\n\r\n",
        POST + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\n{}",
        POST + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n{}",
        POST + b"Content-Type: \xff\r\nContent-Length: 2\r\n\r\n{}",
        POST + b"Idempotency-Key: \xff\r\n" + LENGTH,
        POST + b"Idempotency-Key: a\r\nIdempotency-Key: b\r\n" + LENGTH,
        UPGRADE,
    ],
)
def test_broken_http_is_refused_and_leaves_no_traceback(
    gateway: ServiceProcess, request_bytes: bytes
) -> None:
    # When
    address = httpx.URL(gateway.url)
    with socket.create_connection((address.host, address.port or 80), timeout=10) as connection:
        connection.sendall(request_bytes)
        answer = received(connection)

    # Then
    head, _, body = answer.partition(b"\r\n\r\n")
    assert 400 <= int(head.split()[1]) < 500
    assert b"application/problem+json" in head
    assert json.loads(body)["type"].startswith("/problems/")


def test_a_client_that_leaves_in_the_middle_of_its_body_is_no_failure(
    gateway_http: httpx.Client, gateway: ServiceProcess
) -> None:
    # Given
    def left() -> float:
        pattern = r'afterwork_http_requests_total\{method="POST",route="/v1/jobs",status="499"\} (.*)'
        return sum(float(count) for count in re.findall(pattern, gateway_http.get("/metrics").text))

    before = left()

    # When
    address = httpx.URL(gateway.url)
    with socket.create_connection((address.host, address.port or 80), timeout=10) as connection:
        connection.sendall(POST + b"Content-Type: application/json\r\nContent-Length: 100\r\n\r\n{")

    # Then
    wait_until(lambda: left() == before + 1, deadline=5, what="the request is over")

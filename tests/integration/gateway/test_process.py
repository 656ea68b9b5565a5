"""The gateway as a process: how it starts, does without Redis for a while, and ends."""

import asyncio
import os
import signal
import socket
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families
from tests.integration.gateway.bodies import probe
from tests.processes import ServiceProcess
from tests.servers import RedisServer, wait_until

SOON = 2.0
DURATION = "afterwork_http_request_duration_seconds"
"""Seconds within which an answer must come, whatever Redis does."""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_the_gateway_in_order(redis_server: RedisServer, number: signal.Signals) -> None:
    with ServiceProcess("gateway", AFTERWORK_REDIS__URL=redis_server.url) as gateway:
        assert httpx.get(f"{gateway.url}/readyz").status_code == 200

        gateway.process.send_signal(number)

        assert gateway.wait(5) == 0
        assert "Traceback" not in gateway.log


def test_a_request_under_way_is_answered_before_the_end(own_redis: RedisServer) -> None:
    with (
        ServiceProcess("gateway", AFTERWORK_REDIS__URL=own_redis.url) as gateway,
        socket.create_connection(_address(gateway), timeout=10) as connection,
    ):
        # Given
        body = b'{"kind": "probe.run", "payload": {"queue": "notifier"}}'
        connection.sendall(
            b"POST /v1/jobs HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
            b"Content-Length: %d\r\n\r\n%s" % (len(body), body[:20])
        )
        httpx.get(f"{gateway.url}/healthz")

        # When
        gateway.terminate()
        wait_until(lambda: not _accepts(gateway), what="no new connections are taken")
        connection.sendall(body[20:])

        # Then
        assert b" 202 Accepted" in connection.recv(1000)
        assert gateway.wait(5) == 0


def test_a_body_that_never_comes_does_not_hold_up_the_end(redis_server: RedisServer) -> None:
    with (
        ServiceProcess("gateway", AFTERWORK_REDIS__URL=redis_server.url) as gateway,
        socket.create_connection(_address(gateway), timeout=10) as connection,
    ):
        # Given
        connection.sendall(
            b"POST /v1/jobs HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
            b"Content-Length: 100\r\n\r\n{"
        )
        httpx.get(f"{gateway.url}/healthz")

        # When
        gateway.terminate()

        # Then
        assert gateway.wait(5) == 0
        assert b" 503 " in connection.recv(1000)
        assert "Traceback" not in gateway.log


def test_the_gateway_starts_without_redis_and_recovers_by_itself() -> None:
    with RedisServer() as server:
        server.stop()
        with ServiceProcess("gateway", AFTERWORK_REDIS__URL=server.url) as gateway:
            # Given
            assert httpx.get(f"{gateway.url}/healthz").status_code == 200
            refused = httpx.post(f"{gateway.url}/v1/jobs", json=probe())
            assert refused.status_code == 503

            # When
            server.start()

            # Then
            wait_until(
                lambda: httpx.post(f"{gateway.url}/v1/jobs", json=probe()).status_code == 202, deadline=5
            )


def slow_requests(metrics: str) -> dict[str, float]:
    """By route, how many took longer than SOON, as the gateway saw it: a client on a busy machine is slow itself."""
    late: dict[str, float] = defaultdict(float)
    for family in text_string_to_metric_families(metrics):
        for sample in family.samples:
            if sample.name == f"{DURATION}_count":
                late[sample.labels["route"]] += sample.value
            elif sample.name == f"{DURATION}_bucket" and float(sample.labels["le"]) == SOON:
                late[sample.labels["route"]] -= sample.value
    return {route: count for route, count in late.items() if count}


@pytest.mark.parametrize("away", ["stopped", "killed", "frozen"])
async def test_without_redis_every_answer_comes_soon_and_says_so(own_redis: RedisServer, away: str) -> None:
    with ServiceProcess("gateway", AFTERWORK_REDIS__URL=own_redis.url) as gateway:
        async with httpx.AsyncClient(base_url=gateway.url, timeout=20) as http:
            # Given
            address = (await http.post("/v1/jobs", json=probe())).headers["location"]
            {"stopped": own_redis.stop, "killed": own_redis.kill, "frozen": own_redis.pause}[away]()

            # When
            reads = [address, f"{address}/payload", "/v1/jobs", "/v1/queues", "/v1/ledger", "/readyz"]
            answers = await asyncio.gather(
                *(http.post("/v1/jobs", json=probe()) for _ in range(5)),
                *(http.get(path) for path in reads),
                http.delete(address),
            )
            healthy, metrics = await http.get("/healthz"), await http.get("/metrics")

            # Then
            for answer in answers:
                assert answer.status_code == 503, answer.request
                assert answer.json()["type"] == "/problems/queue-unavailable"
                assert answer.headers["retry-after"] == "1"
            assert answers[-2].json()["dependencies"]["redis"] == {
                "ready": False,
                "reason": "Redis does not answer",
                "findings": ["away"],
            }
            assert healthy.status_code == 200
            assert "afterwork_redis_up 0.0" in metrics.text.splitlines()
            assert slow_requests(metrics.text) == {}

            # And when
            if away == "frozen":
                own_redis.resume()
            else:
                own_redis.start()

            # Then
            wait_until(lambda: httpx.get(f"{gateway.url}/readyz").status_code == 200, deadline=5)
            assert (await http.get(address)).status_code == 200
            assert (await http.get("/v1/ledger")).json()["imbalance"] == 0
            assert "Traceback" not in gateway.log


def test_a_port_in_use_is_said_in_one_line(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])

        ended = _run_gateway(AFTERWORK_GATEWAY__PORT=port)

    assert ended.returncode == 1
    assert port in ended.stderr
    assert len(ended.stderr.splitlines()) == 1


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("AFTERWORK_GATEWAY__HOST", "0.0.0.0"),
        ("AFTERWORK_GATEWAY__HOST", "example.test"),
        ("AFTERWORK_GATEWAY__METRICS", "private"),
        ("AFTERWORK_API_KEYS", "shop:submit"),
        ("AFTERWORK_GATEWAY__PORT", "80000"),
        ("AFTERWORK_GATEWAY__PROT", "80"),
        ("AFTERWORK_REDIS__URL", "http://127.0.0.1"),
    ],
)
def test_a_wrong_setting_is_said_in_one_line_that_names_it(name: str, value: str) -> None:
    ended = _run_gateway(**{name: value})

    assert ended.returncode == 2
    assert name in ended.stderr
    assert len(ended.stderr.splitlines()) == 1


def _run_gateway(**settings: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "gateway"],
        env={**os.environ, **settings},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )


def _address(gateway: ServiceProcess) -> tuple[str, int]:
    url = httpx.URL(gateway.url)
    return url.host, url.port or 80


def _accepts(gateway: ServiceProcess) -> bool:
    try:
        with socket.create_connection(_address(gateway), timeout=1):
            return True
    except OSError:
        return False

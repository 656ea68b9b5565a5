"""Clients that wait at a gateway process: very many, gone before the end, and at the end of the gateway or Redis."""

import asyncio
import time
from collections import Counter

import httpx
import pytest
from tests.integration.gateway.bodies import probe
from tests.integration.gateway.raw_http import connected, request, status
from tests.integration.gateway.talks import working
from tests.processes import ServiceProcess
from tests.servers import RedisServer, wait_until

from afterwork.engine import JobRouter

WAIT = {"Prefer": "wait=60"}
SUBMISSION = request("POST", "/v1/jobs", WAIT, probe())
SOON = 2.0
"""Seconds; far less than the wait."""


def followed(server: RedisServer) -> int:
    """How many jobs somebody follows."""
    with server.client() as client:
        return len(client.pubsub_channels("aw:j:*"))


async def test_a_thousand_waiting_clients_cost_one_connection_to_redis_and_are_all_answered(
    gateway: ServiceProcess, redis_server: RedisServer
) -> None:
    # Given
    clients = 1000
    answers = [asyncio.create_task(status(gateway.url, SUBMISSION)) for _ in range(clients)]
    async with asyncio.timeout(60):
        while followed(redis_server) < clients:
            await asyncio.sleep(0.05)
    with redis_server.client() as redis:
        connections = redis.client_list()

    # When
    async with working(redis_server, JobRouter("notifier")):
        statuses = await asyncio.gather(*answers)

    # Then
    assert Counter(statuses) == {200: clients}
    assert [one["sub"] for one in connections if one["sub"] != "0"] == [str(clients)]
    wait_until(lambda: followed(redis_server) == 0, what="nobody follows any job")


def test_a_client_that_is_gone_is_not_waited_for(gateway: ServiceProcess, redis_server: RedisServer) -> None:
    # Given
    connections = [connected(gateway.url) for _ in range(50)]
    for connection in connections:
        connection.sendall(SUBMISSION)
    wait_until(lambda: followed(redis_server) == len(connections), what="all clients wait")

    # When
    for connection in connections:
        connection.close()

    # Then
    wait_until(lambda: followed(redis_server) == 0, what="nobody follows any job")
    assert "Traceback" not in gateway.log


async def test_the_end_of_the_gateway_answers_waiting_clients_with_what_holds_then(
    redis_server: RedisServer,
) -> None:
    with ServiceProcess("gateway", AFTERWORK_REDIS__URL=redis_server.url) as gateway:
        async with httpx.AsyncClient(base_url=gateway.url, timeout=20) as http:
            # Given
            job = (await http.post("/v1/jobs", json=probe())).headers["location"]
            submission = asyncio.create_task(http.post("/v1/jobs", json=probe(), headers=WAIT))
            look = asyncio.create_task(http.get(job, headers=WAIT))
            async with asyncio.timeout(10):
                while followed(redis_server) < 2:
                    await asyncio.sleep(0.02)

            # When
            began = time.monotonic()
            gateway.terminate()
            accepted, shown = await asyncio.gather(submission, look)
            took = time.monotonic() - began

        # Then
        assert took < SOON
        assert accepted.status_code == 202
        assert shown.status_code == 200
        assert shown.json()["state"] == "queued"
        assert gateway.wait(5) == 0
        assert "Traceback" not in gateway.log
        assert "cut off" not in gateway.log


@pytest.mark.parametrize("away", ["stopped", "killed", "frozen"])
async def test_a_job_whose_end_cannot_be_waited_for_is_accepted_all_the_same(
    own_redis: RedisServer, away: str
) -> None:
    with ServiceProcess("gateway", AFTERWORK_REDIS__URL=own_redis.url) as gateway:
        async with httpx.AsyncClient(base_url=gateway.url, timeout=20) as http:
            # Given
            waiting = asyncio.create_task(http.post("/v1/jobs", json=probe(), headers={"Prefer": "wait=2"}))
            async with asyncio.timeout(10):
                while followed(own_redis) < 1:
                    await asyncio.sleep(0.02)

            # When
            {"stopped": own_redis.stop, "killed": own_redis.kill, "frozen": own_redis.pause}[away]()
            answer = await waiting

            # Then
            assert answer.status_code == 202
            assert answer.json()["state"] == "queued"
            assert answer.elapsed.total_seconds() < 2 + SOON
            assert "Traceback" not in gateway.log


async def test_a_wait_goes_on_through_a_restart_of_redis(own_redis: RedisServer) -> None:
    with ServiceProcess("gateway", AFTERWORK_REDIS__URL=own_redis.url) as gateway:
        async with httpx.AsyncClient(base_url=gateway.url, timeout=70) as http:
            # Given
            waiting = asyncio.create_task(http.post("/v1/jobs", json=probe(), headers=WAIT))
            async with asyncio.timeout(10):
                while followed(own_redis) < 1:
                    await asyncio.sleep(0.02)

            # When
            await asyncio.to_thread(own_redis.restart)
            async with working(own_redis, JobRouter("notifier")):
                answer = await waiting

        # Then
        assert answer.status_code == 200
        assert answer.json()["state"] == "succeeded"

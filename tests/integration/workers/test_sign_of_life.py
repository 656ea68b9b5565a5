"""ARQ's own health check finds our workers, for as long as they live."""

import asyncio
import os
import subprocess
import sys

import pytest
from redis import Redis
from tests.integration.workers import waiting
from tests.integration.workers.conftest import Services
from tests.processes import ROOT
from tests.servers import RedisServer

from afterwork.contracts.probe import ProbeFailure, ProbeMode, ProbeRun
from afterwork.engine import JobClient

LEASE = 1.5
KEY = "notifier:health-check"


async def arq_check(server: RedisServer) -> int:
    """What `arq --check` exits with: 0 healthy, 1 not."""
    command = [
        sys.executable,
        "-m",
        "arq",
        "--check",
        "tests.integration.workers.stock_settings.WorkerSettings",
    ]
    environment = os.environ | {"REDIS_SOCKET": str(server.socket)}
    done = await asyncio.to_thread(
        subprocess.run, command, cwd=ROOT, env=environment, stderr=subprocess.PIPE, check=False
    )
    assert b"Traceback" not in done.stderr, done.stderr
    return done.returncode


def shown(behind: Redis) -> str:
    return str(behind.get(KEY) or "")


async def test_arqs_check_is_answered_as_arq_answers_it(
    client: JobClient, redis_server: RedisServer, services: Services
) -> None:
    assert await arq_check(redis_server) == 1
    services.start("notifier", redis_server.url, lease=LEASE, worker__concurrency=1)
    fates = [ProbeFailure.NEVER, ProbeFailure.NEVER, ProbeFailure.PERMANENT, ProbeFailure.ONCE]
    ids = [(await client.submit(ProbeRun(queue="notifier", fail=fate))).job.id for fate in fates]
    await waiting.ended(client, *ids)
    for _ in range(3):
        await client.submit(ProbeRun(queue="notifier", seconds=60))

    with redis_server.client() as behind:
        counts = "j_complete=3 j_failed=1 j_retried=1 j_ongoing=1 queued=2"
        await waiting.true(lambda: shown(behind).endswith(counts))
        assert 0 < behind.pttl(KEY) <= LEASE / 3 * 1000 + 1000
    assert await arq_check(redis_server) == 0


async def test_it_goes_with_a_clean_end_and_lapses_after_a_crash(
    redis_server: RedisServer, services: Services
) -> None:
    one = services.start("notifier", redis_server.url, lease=LEASE)
    with redis_server.client() as behind:
        await waiting.true(lambda: bool(behind.exists(KEY)))
        one.terminate()
        one.wait()
        assert not behind.exists(KEY)

        two = services.start("notifier", redis_server.url, lease=LEASE)
        await waiting.true(lambda: bool(behind.exists(KEY)))
        two.kill()
        assert behind.exists(KEY)
        await waiting.true(lambda: not behind.exists(KEY), deadline=LEASE / 3 + 2)


async def test_the_end_of_one_worker_does_not_hide_another(
    redis_server: RedisServer, services: Services
) -> None:
    ending = services.start("notifier", redis_server.url, lease=15)
    with redis_server.client() as behind:
        await waiting.true(lambda: bool(behind.exists(KEY)))
        behind.set(KEY, "written by another", px=10_000)

        ending.terminate()
        ending.wait()

        assert shown(behind) == "written by another"


@pytest.mark.parametrize("burden", ["memory is full", "loop is blocked"])
async def test_it_goes_on_whatever_burdens_redis_or_the_loop(
    own_client: JobClient, own_redis: RedisServer, services: Services, burden: str
) -> None:
    services.start("notifier", own_redis.url, lease=LEASE)
    with own_redis.client() as behind:
        await waiting.true(lambda: bool(behind.exists(KEY)))
        if burden == "memory is full":
            behind.config_set("maxmemory", 1)
        else:
            await own_client.submit(ProbeRun(queue="notifier", seconds=6, mode=ProbeMode.BLOCKING))
        before = shown(behind)

        await waiting.true(lambda: shown(behind) not in {"", before})
        await waiting.elapsed(LEASE / 3 + 1.5)

        assert await arq_check(own_redis) == 0

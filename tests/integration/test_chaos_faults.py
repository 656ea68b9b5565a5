"""A fault of `make chaos` that hits nothing is an error: surviving it would prove nothing."""

from collections.abc import AsyncIterator
from pathlib import Path
from random import Random

import pytest
from redis.exceptions import ResponseError
from tests.chaos import faults, redis_faults
from tests.chaos.applied import NotAppliedError
from tests.chaos.fleet import Fleet, Member
from tests.chaos.producers import Producers
from tests.fault_proxy import FaultProxy
from tests.integration.workers.supervision import Supervisor
from tests.processes import ServiceProcess, variables
from tests.servers import RedisServer

from afterwork.engine import JobClient

RANDOM = Random(0)


@pytest.fixture
async def fleet(own_redis: RedisServer, tmp_path: Path) -> AsyncIterator[Fleet]:
    """A server and a worker, which nobody starts again."""
    with FaultProxy(own_redis.socket) as proxy:
        process = ServiceProcess("notifier", tmp_path / "log", **variables(redis__url=proxy.url))
        with process:
            worker = Member("notifier", process, proxy, Supervisor(process))
            async with JobClient.connect(own_redis.url) as client:
                yield Fleet(own_redis, worker, (worker,), client)


async def test_a_living_worker_is_hit(fleet: Fleet) -> None:
    (worker,) = fleet.workers

    await faults.cut(worker, RANDOM)
    await faults.kill(worker, RANDOM)

    assert worker.process.exit_code == -9
    assert worker.proxy.resets >= faults.CUTS


async def test_what_falls_on_a_dead_worker_hits_nothing(fleet: Fleet) -> None:
    (worker,) = fleet.workers
    worker.process.kill()

    for fault in (faults.kill, faults.freeze, faults.black_hole):
        with pytest.raises(NotAppliedError):
            await fault(worker, RANDOM)


async def test_a_server_that_does_not_do_as_it_is_told_is_an_error(fleet: Fleet, tmp_path: Path) -> None:
    producers = Producers({}, tmp_path / "lines")

    with pytest.raises(ResponseError, match="DEBUG command not allowed"):
        await redis_faults.stall_redis(fleet, producers, RANDOM)

"""A worker whose whole process is held up, as on a machine that is paused: its loop was blocked by nobody."""

import os
import signal

from tests.integration.workers import waiting
from tests.integration.workers.conftest import Services
from tests.servers import RedisServer

from afterwork.contracts.probe import ProbeRun
from afterwork.engine import JobClient
from afterwork.engine.work.loop_watch import LIVE_MARGIN


async def test_an_idle_worker_goes_on_after_it_was_frozen(
    client: JobClient, redis_server: RedisServer, services: Services
) -> None:
    # given a worker that has done something
    worker = services.start("notifier", redis_server.url)
    first = (await client.submit(ProbeRun(queue="notifier", seconds=0))).job.id
    await waiting.ended(client, first)

    # when its process is frozen for longer than a loop may be blocked
    os.kill(worker.pid, signal.SIGSTOP)
    await waiting.elapsed(LIVE_MARGIN + 2)
    second = (await client.submit(ProbeRun(queue="notifier", seconds=0))).job.id
    os.kill(worker.pid, signal.SIGCONT)

    # then the same process goes on
    (job,) = await waiting.ended(client, second)
    assert job.attempt == 1
    await waiting.elapsed(2)
    assert worker.is_running
    assert "ending the process" not in worker.log

"""A request to cancel reaches the job wherever it runs."""

import time

from tests.integration.workers import unruly, waiting
from tests.integration.workers.conftest import Services
from tests.integration.workers.unruly.contracts import Misbehave
from tests.servers import RedisServer

from afterwork.contracts import JobState
from afterwork.contracts.probe import ProbeMode, ProbeRun
from afterwork.engine import JobClient, scripts

LONG = ProbeRun(queue="notifier", seconds=60)


async def test_a_running_job_is_cancelled_at_once(
    client: JobClient, redis_server: RedisServer, services: Services
) -> None:
    services.start("notifier", redis_server.url, lease=15)  # no renewal can have brought it
    ids = [(await client.submit(LONG)).job.id for _ in range(10)]
    await waiting.running(client, *ids)

    asked_at = time.monotonic()
    requested = [await client.cancel(job_id) for job_id in ids]
    jobs = await waiting.ended(client, *ids)

    assert time.monotonic() - asked_at < 1.0
    assert all(job.cancel_requested for job in requested)
    for job in jobs:
        assert job.error is not None
        assert (job.state, job.error.code) == (JobState.CANCELLED, "cancelled")
    assert (await client.ledger()).imbalance == 0


async def test_a_request_that_the_worker_did_not_hear_comes_with_the_next_renewal(
    client: JobClient, redis_server: RedisServer, services: Services
) -> None:
    # given
    lease = 1.5
    services.start("notifier", redis_server.url, lease=lease)
    submitted = await client.submit(LONG)
    (job,) = await waiting.running(client, submitted.job.id)

    # when its subscription is lost and the request comes before the next one
    cancel = scripts.script("cancel")
    with redis_server.client() as behind, behind.pipeline(transaction=True) as at_once:
        await waiting.true(lambda: bool(behind.pubsub_numsub(f"aw:w:{job.worker}")[0][1]))
        at_once.execute_command("CLIENT", "KILL", "TYPE", "pubsub")
        at_once.pubsub_numsub(f"aw:w:{job.worker}")
        at_once.execute_command("EVAL", cancel.body, 0, job.id, "")
        asked_at = time.monotonic()
        _, subscribed, answer = at_once.execute()

    # then
    assert (subscribed[0][1], answer) == (0, "requested")
    (cancelled,) = await waiting.ended(client, submitted.job.id)
    assert cancelled.state is JobState.CANCELLED
    assert time.monotonic() - asked_at < lease


async def test_a_result_that_comes_first_wins(
    client: JobClient, redis_server: RedisServer, services: Services
) -> None:
    services.start("notifier", redis_server.url)
    submitted = await client.submit(ProbeRun(queue="notifier", seconds=1, mode=ProbeMode.BLOCKING))
    await waiting.running(client, submitted.job.id)

    await client.cancel(submitted.job.id)
    (job,) = await waiting.ended(client, submitted.job.id)

    assert (job.state, job.error) == (JobState.SUCCEEDED, None)


async def test_a_handler_that_ignores_it_is_left_behind(
    client: JobClient, redis_server: RedisServer, services: Services
) -> None:
    services.start(unruly.MODULE, redis_server.url)
    submitted = await client.submit(Misbehave(manner="swallows_cancellation"))
    await waiting.running(client, submitted.job.id)

    await client.cancel(submitted.job.id)
    (job,) = await waiting.ended(client, submitted.job.id, deadline=10)

    assert job.state is JobState.CANCELLED


async def test_a_cancelled_job_whose_worker_dies_ends_as_cancelled(
    client: JobClient, redis_server: RedisServer, services: Services
) -> None:
    doomed = services.start("notifier", redis_server.url, lease=1)
    submitted = await client.submit(LONG)
    await waiting.running(client, submitted.job.id)

    doomed.freeze()
    await client.cancel(submitted.job.id)
    doomed.kill()
    services.start("notifier", redis_server.url, lease=1)
    (job,) = await waiting.ended(client, submitted.job.id)

    assert (job.state, job.deaths) == (JobState.CANCELLED, 1)

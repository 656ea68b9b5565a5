"""AFTERWORK_MAX_FINISHED: a worker and a gateway remove ended jobs that are too many, each of them alone."""

import pytest
from tests.integration.workers.conftest import Services
from tests.integration.workers.waiting import eventually
from tests.servers import RedisServer

from afterwork.contracts import JobQuery
from afterwork.contracts.probe import ProbeRun
from afterwork.engine import JobClient


@pytest.mark.parametrize("module", ["notifier", "gateway"])
async def test_of_ended_jobs_the_youngest_are_kept(
    services: Services, redis_server: RedisServer, client: JobClient, module: str
) -> None:
    # given ten jobs of another service that ended one after the other
    ids = [(await client.submit(ProbeRun(queue="archiver"))).job.id for _ in range(10)]
    for job_id in ids:
        await client.cancel(job_id)

    # when a process comes that is told to keep three
    services.start(module, redis_server.url, max_finished=3, lease=0.5)

    # then the last three are left
    await eventually(client.ledger, lambda ledger: ledger.swept == 7, deadline=15)
    assert [job.id for job in (await client.list(JobQuery())).jobs] == ids[:6:-1]
    assert (await client.ledger()).imbalance == 0

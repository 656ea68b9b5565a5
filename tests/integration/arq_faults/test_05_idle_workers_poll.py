"""Fault 5: an idle worker looks at its queue every 0.5 s, and takes at most 100 jobs at a look (10 slots).

Lengthened: the poll to 30 s, so that the speed of the machine does not decide what is seen.
"""

from statistics import median

from arq.connections import ArqRedis
from tests.integration.arq_faults import face, stock
from tests.integration.workers.conftest import Services
from tests.integration.workers.short_jobs import assert_undisturbed, submit
from tests.integration.workers.waiting import elapsed, ended, true
from tests.servers import RedisServer

from afterwork.arq import ArqRedis as FacePool
from afterwork.contracts import Job
from afterwork.engine import JobClient

POLL = 30
BY_DEFAULT = 100
"""How many ids ARQ reads at a look."""
MANY = 250
FALL_BACK = 1.0
"""Seconds between two looks of our idle worker if nobody wakes it."""


async def note(_: object) -> None:
    """Nothing but a run."""


async def test_a_job_waits_for_the_next_look_of_stock_arq(pool: ArqRedis) -> None:
    # given an idle worker
    async with stock.working(pool, note, poll_delay=POLL) as worker:
        await true(lambda: worker.polls == 1)

        # when a job comes and some time passes
        await pool.enqueue_job("note")
        await elapsed(1)

        # then it has not begun
        assert (worker.jobs_complete, worker.polls) == (0, 1)
        assert await pool.zcard("arq:queue") == 1


async def test_stock_arq_leaves_jobs_to_the_next_look_although_it_is_idle(pool: ArqRedis) -> None:
    for _ in range(MANY):
        await pool.enqueue_job("note")

    async with stock.working(pool, note, poll_delay=POLL) as worker:
        await true(lambda: worker.polls == 1 and worker.job_counter == 0)

        assert worker.jobs_complete <= BY_DEFAULT
        assert await pool.zcard("arq:queue") >= MANY - BY_DEFAULT


def waited(job: Job) -> float:
    """Seconds from the acceptance of the job to its start, by Redis' clock."""
    assert job.started_at is not None
    return (job.started_at - job.created_at).total_seconds()


async def test_ours_is_woken(client: JobClient, redis_server: RedisServer, services: Services) -> None:
    """Each job comes when the one before has ended: without the token each waits for about a whole fall-back poll."""
    services.start("notifier", redis_server.url)

    jobs = [job for _ in range(15) for job in await ended(client, *await submit(client, seconds=0))]

    assert_undisturbed(jobs)
    assert median(waited(job) for job in jobs) < FALL_BACK / 3


async def test_ours_works_until_nothing_is_due(
    client: JobClient, redis_server: RedisServer, services: Services
) -> None:
    """With 10 slots that are filled once a second this would take 25 s."""
    ids = await submit(client, seconds=0, count=MANY)

    services.start("notifier", redis_server.url, worker__concurrency=10)
    jobs = await ended(client, *ids)

    assert_undisturbed(jobs)
    starts = [job.started_at.timestamp() for job in jobs if job.started_at]
    assert max(starts) - min(starts) < 12


async def test_arqs_face_is_woken(face_pool: FacePool) -> None:
    """As above."""
    waits: list[float] = []
    async with face.working(face_pool, note, poll_delay=POLL):
        for _ in range(15):
            job = await face_pool.enqueue_job("note")
            assert job is not None
            await job.result(timeout=30)
            info = await job.result_info()
            assert info is not None
            waits.append((info.start_time - info.enqueue_time).total_seconds())

    assert median(waits) < FALL_BACK / 3

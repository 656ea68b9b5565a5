"""Fault 2: a job that has waited for more than 24 hours is not run any more. The server's clock is set by 25 hours."""

from collections.abc import Iterator

import pytest
from arq.worker import JobExecutionFailed
from tests.faked_time import JumpingServer
from tests.integration.arq_faults import face, stock
from tests.integration.workers.conftest import Services
from tests.integration.workers.short_jobs import assert_balanced, assert_undisturbed, submit
from tests.integration.workers.waiting import ended

from afterwork.engine import JobClient

A_DAY_AND_AN_HOUR = 25 * 3600


@pytest.fixture
def jumping() -> Iterator[JumpingServer]:
    with JumpingServer() as server:
        yield server


async def test_stock_arq_fails_a_job_that_has_waited_for_a_day_without_running_it(
    jumping: JumpingServer,
) -> None:
    # given a job that nobody has worked for 25 hours
    async with stock.connected(jumping) as pool:
        job = await pool.enqueue_job("note")
        assert job is not None
        jumping.set_clock(A_DAY_AND_AN_HOUR)
        runs: list[int] = []

        async def note(ctx: dict[str, int]) -> None:
            runs.append(ctx["job_try"])

        # when a worker comes
        await stock.burst(pool, note)
        info = await job.result_info()

    # then the job has ended without a run
    assert info is not None
    assert isinstance(info.result, JobExecutionFailed)
    assert (info.success, str(info.result), runs) == (False, "job expired", [])


async def test_ours_runs_it(jumping: JumpingServer, services: Services) -> None:
    async with JobClient.connect(jumping.url) as client:
        ids = await submit(client, seconds=0)
        jumping.set_clock(A_DAY_AND_AN_HOUR)

        services.start("notifier", jumping.url)
        (job,) = await ended(client, *ids)

        assert_undisturbed([job])
        assert job.started_at is not None
        assert (job.started_at - job.created_at).total_seconds() >= A_DAY_AND_AN_HOUR
        await assert_balanced(client)


async def test_arqs_face_runs_it_too(jumping: JumpingServer) -> None:
    async def note(_: object) -> str:
        return "late"

    async with face.connected(jumping) as pool:
        job = await pool.enqueue_job("note")
        assert job is not None
        jumping.set_clock(A_DAY_AND_AN_HOUR)

        async with face.working(pool, note):
            assert await job.result(timeout=30) == "late"

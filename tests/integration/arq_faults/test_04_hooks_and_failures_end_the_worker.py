"""Fault 4: an exception in a hook ends the worker, and so do a failure that is to be kept for ever, and SystemExit."""

from pathlib import Path

import pytest
from arq.connections import ArqRedis
from arq.worker import JobExecutionFailed
from tests.integration.arq_faults import face, stock
from tests.integration.workers import unruly
from tests.integration.workers.conftest import Services
from tests.integration.workers.unruly.contracts import QUEUE, Misbehave
from tests.integration.workers.waiting import ended, true
from tests.servers import RedisServer

from afterwork.arq import ArqRedis as FacePool
from afterwork.contracts import JobOptions, JobState
from afterwork.contracts.probe import ProbeRun
from afterwork.engine import JobClient

ENDS = ["calls_sys_exit", "raises_keyboard_interrupt", "raises_a_base_exception", "raises_an_exception"]


@pytest.mark.parametrize(
    ("settings", "function", "arguments", "why"),
    [
        ("FailingHook", "sleep", [0], "a hook that fails"),
        ("KeepingForever", "nobody_has_this", [], "invalid expire time"),
        ("Plain", "leave", [], "leave()"),
    ],
)
async def test_the_worker_of_stock_arq_ends(
    pool: ArqRedis,
    redis_server: RedisServer,
    tmp_path: Path,
    settings: str,
    function: str,
    arguments: list[float],
    why: str,
) -> None:
    with stock.process(settings, redis_server, tmp_path) as worker:
        await pool.enqueue_job(function, *arguments)

        assert await worker.exit_code() != 0
        assert why in worker.log


async def test_ours_goes_on(client: JobClient, redis_server: RedisServer, services: Services) -> None:
    # given
    worker = services.start(unruly.MODULE, redis_server.url)

    # when jobs raise what ends a program, and one cannot even be read
    ids = [(await client.submit(Misbehave(manner=manner))).job.id for manner in ENDS]
    unreadable = (await client.submit(Misbehave(manner="gives_up"), JobOptions(delay=0.5))).job.id
    with redis_server.client() as behind:
        behind.set(f"arq:job:{unreadable}", b"\x80\x04K\x01.")
    jobs = await ended(client, *ids, unreadable)

    # then these jobs have failed, and the same process works the next one
    codes = [job.error.code for job in jobs if job.error]
    assert codes == [*["handler-error"] * len(ENDS), "undecodable"]
    (job,) = await ended(client, (await client.submit(ProbeRun(queue=QUEUE))).job.id)
    assert job.state is JobState.SUCCEEDED
    assert worker.is_running


@pytest.mark.parametrize("hook", ["on_job_start", "on_job_end", "after_job_end"])
async def test_arqs_face_outlives_its_hooks(face_pool: FacePool, hook: str) -> None:
    # given a hook that raises when it is called for the first time
    called: list[str] = []

    async def first_fails(ctx: dict[str, str]) -> None:
        called.append(ctx["job_id"])
        if len(called) == 1:
            raise ValueError("a hook that fails")

    async def note(_: object) -> str:
        return "noted"

    options = {hook: first_fails, "keep_result_forever": True}
    async with face.working(face_pool, note, **options):
        # when it is called, and a job of an unknown function fails
        first = await face_pool.enqueue_job("note")
        unknown = await face_pool.enqueue_job("nobody_has_this")
        assert first is not None
        assert unknown is not None
        await true(lambda: first.job_id in called)
        with pytest.raises(JobExecutionFailed, match="not found"):
            await unknown.result(timeout=30)

        # then the hook has changed nothing, and the worker works the next job
        assert await first.result(timeout=30) == "noted"
        second = await face_pool.enqueue_job("note")
        assert second is not None
        assert await second.result(timeout=30) == "noted"
        await true(lambda: second.job_id in called)

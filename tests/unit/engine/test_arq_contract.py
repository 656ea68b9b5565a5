"""What the engine relies on in ARQ, public and private: another version that changes it fails here, loudly."""

import inspect
import json
from importlib.metadata import version

import pytest
from arq import connections, constants, jobs, worker
from arq.connections import ArqRedis
from redis.asyncio import Redis

from afterwork.contracts.probe import ProbeRun
from afterwork.engine import JobRouter, keys
from afterwork.engine.codec import dumps, encode_payload, loads
from afterwork.engine.work.run import Run
from afterwork.engine.work.worker import arq_function


def test_arq_is_the_version_that_was_read() -> None:
    assert version("arq").split(".")[:2] == ["0", "28"]


@pytest.mark.parametrize(
    "name",
    [
        "functions",
        "queue_name",
        "redis_pool",
        "handle_signals",
        "max_jobs",
        "job_serializer",
        "job_deserializer",
    ],
)
def test_a_worker_is_built_with_these_names(name: str) -> None:
    assert name in inspect.signature(worker.Worker.__init__).parameters


def test_a_worker_starts_its_main_as_a_task_of_the_current_loop() -> None:
    # async_run is inherited: it must do no more than run `main`, which we replace
    source = inspect.getsource(worker.Worker.async_run)

    assert inspect.iscoroutinefunction(worker.Worker.main)
    assert "self.main_task = self.loop.create_task(self.main())" in source
    assert "await self.main_task" in source
    assert len(inspect.signature(worker.Worker.main).parameters) == 1


async def test_a_worker_keeps_functions_pool_and_loop_where_ours_looks_for_them() -> None:
    async def work(ctx: dict[object, object]) -> None:
        """Do nothing."""

    pool = ArqRedis()
    stock = worker.Worker([worker.func(work, name="a.kind")], redis_pool=pool, handle_signals=False)

    assert stock.pool is pool
    assert list(stock.functions) == ["a.kind"]
    assert stock.queue_name == constants.default_queue_name
    assert stock.loop.is_running()
    await pool.aclose(close_connection_pool=True)


async def test_a_kind_is_an_arq_function_with_its_limits() -> None:
    async def seen(job: ProbeRun, run: Run) -> tuple[ProbeRun, Run]:
        return job, run

    router = JobRouter("notifier")
    function = arq_function(ProbeRun, router)

    assert (function.name, function.timeout_s, function.max_tries) == ("probe.run", 300.0, 5)
    assert inspect.iscoroutinefunction(function.coroutine)


def test_an_arq_pool_is_a_redis_client_that_takes_serializers() -> None:
    parameters = inspect.signature(ArqRedis.__init__).parameters

    assert issubclass(ArqRedis, Redis)
    assert {"pool_or_conn", "job_serializer", "job_deserializer"} <= parameters.keys()
    assert list(parameters)[1] == "pool_or_conn"


def test_keys_that_both_use_have_arqs_names() -> None:
    assert (keys.PAYLOAD, keys.LOCK, keys.RESULT) == ("arq:job:", "arq:in-progress:", "arq:result:")
    assert constants.job_key_prefix == keys.PAYLOAD
    assert constants.in_progress_key_prefix == keys.LOCK
    assert constants.result_key_prefix == keys.RESULT


def test_our_payload_is_arqs_envelope() -> None:
    job = ProbeRun(queue="notifier", seconds=1)
    theirs = jobs.serialize_job("probe.run", (job.model_dump(mode="json"),), {}, None, 123, serializer=dumps)

    assert json.loads(encode_payload(job, 123)) == json.loads(theirs)
    assert jobs.deserialize_job(encode_payload(job, 123), deserializer=loads).function == "probe.run"


def test_a_result_envelope_has_these_names() -> None:
    is_success = True
    envelope = jobs.serialize_result(
        "f", (), {}, 1, 2, is_success, "r", 3, 4, "ref", "q", "id", serializer=dumps
    )

    assert envelope is not None
    assert json.loads(envelope) == {
        "t": 1,
        "f": "f",
        "a": [],
        "k": {},
        "et": 2,
        "s": True,
        "r": "r",
        "st": 3,
        "ft": 4,
        "q": "q",
        "id": "id",
    }


def test_stock_clients_name_queue_and_id_as_their_jobs_are_adopted() -> None:
    parameters = inspect.signature(connections.ArqRedis.enqueue_job).parameters

    assert {"_job_id", "_queue_name", "_defer_until", "_defer_by", "_expires"} <= parameters.keys()

"""A job that misbehaves ends as documented, and nobody else notices."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.integration.workers import unruly as unruly_service
from tests.integration.workers import waiting
from tests.integration.workers.conftest import Services
from tests.integration.workers.unruly.contracts import QUEUE, Behave, Misbehave
from tests.processes import ServiceProcess
from tests.servers import RedisServer

from afterwork.contracts import Contract, Job, JobOptions, JobState
from afterwork.contracts.probe import ProbeRun
from afterwork.engine import JobClient

FAILURES = {
    "calls_sys_exit": ("handler-error", "SystemExit"),
    "cancels_all_tasks": ("handler-error", "CancelledError"),
    "cancels_itself": ("handler-error", "CancelledError"),
    "gives_up": ("handler-failed", "Fail"),
    "notes_a_number": ("handler-error", "TypeError"),
    "raises_a_base_exception": ("handler-error", "OfItsOwnError"),
    "raises_a_group": ("handler-error", "ExceptionGroup"),
    "raises_a_lone_surrogate": ("handler-error", "ValueError"),
    "raises_an_exception": ("handler-error", "ValueError"),
    "raises_cancelled_error": ("handler-error", "CancelledError"),
    "raises_generator_exit": ("handler-error", "GeneratorExit"),
    "raises_keyboard_interrupt": ("handler-error", "KeyboardInterrupt"),
    "raises_memory_error": ("handler-error", "MemoryError"),
    "raises_stop_iteration": ("handler-error", "RuntimeError"),  # Python's own translation
    "raises_ten_mebibytes": ("handler-error", "ValueError"),
    "raises_the_fatally_unspeakable": ("handler-error", "FatallyUnspeakableError"),
    "raises_the_unspeakable": ("handler-error", "UnspeakableError"),
    "recurses_without_end": ("handler-error", "RecursionError"),
    "returns_a_coroutine": ("result-not-json", None),
    "returns_a_lone_surrogate": ("result-not-json", None),
    "returns_an_object": ("result-not-json", None),
    "returns_binary": ("result-not-json", None),
    "returns_infinity": ("result-not-json", None),
    "returns_itself": ("result-not-json", None),
    "returns_nan": ("result-not-json", None),
    "returns_two_mebibytes": ("result-too-large", None),
}
UNFINISHED = [
    "leaves_a_thread_behind",
    "swallows_cancellation",
    "takes_too_long",
    "waits_for_all_tasks",
    "waits_for_itself",
]
HARMLESS = [
    "schedules_an_exit",
    "spawns_a_task_that_exits",
    "spawns_a_task_that_interrupts",
    "spawns_a_task_that_raises",
    "stops_the_loop",
]


@pytest.fixture(scope="module")
def shared_unruly(
    shared_redis: RedisServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[ServiceProcess]:
    """One service for all tests here; ask for `unruly` instead."""
    services = Services(tmp_path_factory.mktemp("unruly"))
    yield services.start(unruly_service.MODULE, shared_redis.url, lease=1, worker__grace=1)
    services.remove()


@pytest.fixture
def unruly(
    shared_unruly: ServiceProcess, redis_server: RedisServer, request: pytest.FixtureRequest
) -> Iterator[ServiceProcess]:
    """The running service, which has to survive the test; a fault found by one test does not spoil the next."""
    failures_before = request.session.testsfailed
    yield shared_unruly
    if request.session.testsfailed > failures_before:
        shared_unruly.remove()
        with redis_server.client() as behind:
            behind.flushall()
        shared_unruly.start()


class Neighbours:
    """Jobs that run beside the one that misbehaves: begun before it, ended after it."""

    def __init__(self, client: JobClient, directory: Path) -> None:
        self._client = client
        self._until = directory / "until"
        self._started = directory / "started"
        self._ids: list[str] = []

    async def begin(self) -> None:
        behave = Behave(until=str(self._until), started=str(self._started))
        self._ids = [(await self._client.submit(behave)).job.id for _ in range(5)]
        await waiting.running(self._client, *self._ids)

    async def end_well(self) -> None:
        self._until.touch()
        for job in await waiting.ended(self._client, *self._ids):
            assert (job.state, job.result, job.claims, job.deaths) == (JobState.SUCCEEDED, 1, 1, 0), job
        assert sorted(self._started.read_text().split()) == sorted(self._ids), "each ran once"


@pytest.fixture
async def neighbours(client: JobClient, tmp_path: Path, unruly: ServiceProcess) -> Neighbours:
    begun = Neighbours(client, tmp_path)
    await begun.begin()
    return begun


async def outcome_of(client: JobClient, manner: str, **options: float) -> Job:
    """How a job that misbehaves in this manner ends."""
    submitted = await client.submit(Misbehave(manner=manner), JobOptions(**options))
    (job,) = await waiting.ended(client, submitted.job.id)
    return job


async def assert_goes_on(client: JobClient, unruly: ServiceProcess) -> None:
    """The same process takes new work."""
    submitted = await client.submit(ProbeRun(queue=QUEUE))
    (job,) = await waiting.ended(client, submitted.job.id)
    assert job.state is JobState.SUCCEEDED
    assert unruly.is_running
    assert (await client.ledger()).imbalance == 0


@pytest.mark.parametrize("manner", FAILURES)
async def test_a_failure_ends_its_job_as_documented(
    client: JobClient, unruly: ServiceProcess, neighbours: Neighbours, manner: str
) -> None:
    job = await outcome_of(client, manner)

    assert job.state is JobState.FAILED
    assert job.error is not None
    assert (job.error.code, job.error.exception) == FAILURES[manner]
    assert (job.attempt, job.deaths, len(job.history)) == (1, 0, 1)
    await neighbours.end_well()
    await assert_goes_on(client, unruly)


@pytest.mark.parametrize("manner", UNFINISHED)
async def test_an_attempt_that_does_not_end_times_out(
    client: JobClient, unruly: ServiceProcess, neighbours: Neighbours, manner: str
) -> None:
    job = await outcome_of(client, manner, timeout=0.2)

    assert job.state is JobState.FAILED
    assert job.error is not None
    assert job.error.code == "timeout"
    assert (job.attempt, job.deaths, len(job.history)) == (1, 0, 1)
    await neighbours.end_well()
    await assert_goes_on(client, unruly)


@pytest.mark.parametrize("manner", HARMLESS)
async def test_what_a_job_leaves_in_the_loop_ends_neither_job_nor_service(
    client: JobClient, unruly: ServiceProcess, neighbours: Neighbours, manner: str
) -> None:
    job = await outcome_of(client, manner)

    assert (job.state, job.result) == (JobState.SUCCEEDED, "went on")
    await neighbours.end_well()
    await assert_goes_on(client, unruly)


async def test_a_snooze_spends_no_attempt(client: JobClient, unruly: ServiceProcess) -> None:
    job = await outcome_of(client, "snoozes_once")

    assert (job.state, job.result, job.attempt) == (JobState.SUCCEEDED, 1, 1)
    assert (job.claims, job.deaths) == (2, 0)


async def test_attempts_are_repeated_until_they_are_spent(client: JobClient, unruly: ServiceProcess) -> None:
    job = await outcome_of(client, "raises_an_exception", max_attempts=3)

    assert job.state is JobState.FAILED
    details = [attempt.error.detail for attempt in job.history if attempt.error]
    assert details == [f"ValueError: attempt {number}" for number in (1, 2, 3)]


class ForeignMisbehave(Contract, kind="unruly.misbehave", queue=QUEUE, max_attempts=3):
    """What a client of another version thinks that the kind looks like."""

    demeanour: str


async def test_a_payload_of_another_version_ends_as_payload_invalid(
    client: JobClient, unruly: ServiceProcess, neighbours: Neighbours
) -> None:
    submitted = await client.submit(ForeignMisbehave(demeanour="polite"))

    (job,) = await waiting.ended(client, submitted.job.id)
    assert job.error is not None
    assert (job.state, job.error.code, job.attempt) == (JobState.FAILED, "payload-invalid", 1)
    await neighbours.end_well()
    await assert_goes_on(client, unruly)


@pytest.mark.parametrize("stored", [b"", b"\x80\x04K\x01.", b'{"a":[]}', b"[" * 100_000])
async def test_a_payload_that_cannot_be_read_ends_as_undecodable(
    client: JobClient,
    redis_server: RedisServer,
    unruly: ServiceProcess,
    neighbours: Neighbours,
    stored: bytes,
) -> None:
    submitted = await client.submit(Misbehave(manner="gives_up"), JobOptions(delay=0.3))
    with redis_server.client() as behind:
        behind.set(f"arq:job:{submitted.job.id}", stored)

    (job,) = await waiting.ended(client, submitted.job.id)

    assert job.error is not None
    assert (job.state, job.error.code) == (JobState.FAILED, "undecodable")
    await neighbours.end_well()
    await assert_goes_on(client, unruly)


class Unheard(Contract, kind="unruly.unheard", queue=QUEUE):
    """A kind that the service does not have."""


async def test_a_kind_without_handler_waits_and_hides_nobody(
    client: JobClient, unruly: ServiceProcess
) -> None:
    submitted = await client.submit(Unheard(), JobOptions(priority="high"))

    await assert_goes_on(client, unruly)

    assert (await client.get(submitted.job.id)).state is JobState.QUEUED


async def test_odd_values_in_reports_do_not_fail_the_job(client: JobClient, unruly: ServiceProcess) -> None:
    job = await outcome_of(client, "reports_oddly")

    assert (job.state, job.result, job.attempt) == (JobState.SUCCEEDED, "reported", 1)
    assert job.progress is not None
    assert job.progress.note == "half ? of a pair"
    broken, odd = await client.log(job.id)
    assert broken.text.startswith("a line could not be logged line=%s and %s one error=TypeError")
    assert odd.text == "half ? of a pair"

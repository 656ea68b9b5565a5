"""What is kept while a job runs: in parts, small, and only what is really done with."""

import json

import pytest
from tests.archiving import JOB, content, keys

from afterwork.contracts.archiver import CopyStatus, ManifestEntry
from afterwork.engine import Run
from afterwork.engine.codec import MAX_CHECKPOINT
from afterwork.engine.work.job_log import job_logger
from afterwork.engine.work.parts import Parts
from afterwork.errors import ObjectMissing, StoreUnavailable
from afterwork.stores import Store, Stores
from afterwork.testing import Reported
from archiver.bookkeeping import GIVE_UP, PART, PART_SECONDS, Bookkeeping
from archiver.manifest import Manifest
from archiver.one_object import Outcome

LONGEST = "inbox/" + "\U0001f5c4" * 225


class Clock:
    """A time that a test sets."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def run_of(reported: Reported, checkpointed: object = None) -> Run:
    logger = job_logger(JOB, "object.archive", reported.log)
    return Run(JOB, "object.archive", 1, 5, 0, "test", checkpointed, logger, reported, Parts())


@pytest.fixture
def receipts(stores: Stores) -> Store:
    return stores["receipts"]


@pytest.fixture
def reported() -> Reported:
    return Reported()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def books(receipts: Store, reported: Reported, clock: Clock) -> Bookkeeping:
    return Bookkeeping(run_of(reported), Manifest(receipts, JOB), clock)


def copied(source: str = "inbox/a", size: int = 10) -> Outcome:
    return Outcome(
        ManifestEntry(source=source, destination="archive/a", status=CopyStatus.COPIED, bytes=size)
    )


def failed(fault: Exception, source: str = "inbox/a") -> Outcome:
    entry = ManifestEntry(
        source=source, destination="archive/a", status=CopyStatus.FAILED, bytes=0, error=str(fault)
    )
    return Outcome(entry, fault)


async def test_what_is_done_with_is_kept_part_by_part(
    books: Bookkeeping, receipts: Store, reported: Reported
) -> None:
    for number in range(2 * PART + 1):
        await books.take(f"{number:04}", copied(f"inbox/{number:04}"))

    assert [kept["after"] for kept in reported.checkpoints] == [f"{PART - 1:04}", f"{2 * PART - 1:04}"]
    assert [kept["parts"] for kept in reported.checkpoints] == [1, 2]
    parts = await keys(receipts)
    assert parts == [f"archives/{JOB}.parts/000000.ndjson", f"archives/{JOB}.parts/000001.ndjson"]
    lines = [line for part in parts for line in (await content(receipts, part)).splitlines()]
    assert [json.loads(line)["source"] for line in lines] == [f"inbox/{n:04}" for n in range(2 * PART)]
    assert len(books.entries) == 1


async def test_slow_objects_are_kept_after_some_seconds(
    books: Bookkeeping, clock: Clock, reported: Reported
) -> None:
    await books.take("a", copied())
    clock.now += PART_SECONDS
    await books.take("b", copied())
    await books.take("c", copied())

    assert [(kept["after"], kept["seconds"]) for kept in reported.checkpoints] == [("b", PART_SECONDS)]


async def test_an_attempt_goes_on_from_what_was_kept(receipts: Store, clock: Clock) -> None:
    # given
    first = Reported()
    books = Bookkeeping(run_of(first), Manifest(receipts, JOB), clock)
    await books.take("a", copied(size=7))
    await books.take("b", failed(ObjectMissing("b is gone")))
    clock.now += PART_SECONDS
    await books.take("c", copied(size=5))
    await books.take("d", copied(size=1))

    # when
    clock.now += 100
    again = Bookkeeping(run_of(Reported(), first.checkpoints[-1]), Manifest(receipts, JOB), clock)

    # then what was not kept is not known
    so_far = again.so_far
    assert (so_far.after, so_far.parts, so_far.bytes) == ("c", 1, 12)
    assert (so_far.objects.copied, so_far.objects.failed, so_far.first_fault) == (2, 1, "b is gone")
    assert again.seconds() == PART_SECONDS


async def test_a_checkpoint_is_small_whatever_the_objects_are_called(
    books: Bookkeeping, clock: Clock, reported: Reported
) -> None:
    key = LONGEST.partition("/")[2]
    clock.now += PART_SECONDS

    await books.take(key, failed(ObjectMissing("x" * 100_000), LONGEST))

    assert reported.checkpoints[0]["after"] == key
    assert len(json.dumps(reported.checkpoints[0])) < MAX_CHECKPOINT / 8


async def test_a_store_that_cannot_be_reached_is_told_from_objects_that_cannot(
    books: Bookkeeping, clock: Clock, reported: Reported
) -> None:
    # given some that cannot be reached before one that can
    fault = StoreUnavailable("gone")
    for number in range(GIVE_UP - 1):
        await books.take(f"a{number}", failed(fault))
    assert books.so_far.objects.failed == 0
    await books.take("b", copied())
    assert (books.so_far.objects.failed, books.so_far.objects.copied) == (GIVE_UP - 1, 1)
    assert books.so_far.may_pass

    # when as many as it takes follow each other
    for number in range(GIVE_UP - 1):
        await books.take(f"c{number}", failed(fault))
    with pytest.raises(StoreUnavailable):
        await books.take("d", failed(fault))

    # then they are not counted: the next attempt begins with the first of them
    assert books.so_far.after == "b"


async def test_only_what_may_pass_is_worth_another_attempt(books: Bookkeeping) -> None:
    await books.take("a", failed(ObjectMissing("a is gone")))

    assert not books.so_far.may_pass


async def test_a_job_that_begins_again_keeps_its_seconds(
    books: Bookkeeping, clock: Clock, reported: Reported
) -> None:
    await books.take("a", copied())
    clock.now += 3

    await books.begin_again()

    assert (books.so_far.after, books.so_far.objects.copied, books.seconds()) == ("", 0, 3)
    assert reported.checkpoints[-1]["seconds"] == 3

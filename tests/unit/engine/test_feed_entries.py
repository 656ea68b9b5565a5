"""Places in the feed, and what its entries tell."""

import pytest

from afterwork.contracts import JobState
from afterwork.engine.jobs.feed_entries import BEGINNING, Change, Entry, Place, Wanted, Window
from afterwork.errors import BadParameter

ENTRY = Entry.of([b"5-1", b"a 1 queued 1000 q x.run\nb 2 running 1500 q y.run\nc 3 failed 2000 r x.run"])


@pytest.mark.parametrize("text", ["0-0.0", "1795253858497-0.12", "5-1.0"])
def test_a_place_is_read_as_it_is_written(text: str) -> None:
    assert str(Place.of(text)) == text


@pytest.mark.parametrize(
    "text",
    [
        "",
        "5",
        "5-1",
        "5-1.",
        "-5-1.0",
        "5-1.0 ",
        "5-1.0\n",
        "\N{ARABIC-INDIC DIGIT FIVE}-1.0",
        "5-1.0000000",
        f"{'9' * 17}-0.0",
        "$",
        "+",
    ],
)
def test_what_is_no_place_is_refused(text: str) -> None:
    with pytest.raises(BadParameter):
        Place.of(text)


@pytest.mark.parametrize(
    ("wanted", "jobs"),
    [
        (Wanted(), "abc"),
        (Wanted(queue="q"), "ab"),
        (Wanted(kind="x.run"), "ac"),
        (Wanted(state=JobState.RUNNING), "b"),
        (Wanted(queue="r", kind="x.run", state=JobState.FAILED), "c"),
        (Wanted(queue="r", kind="y.run"), ""),
    ],
)
def test_a_reader_is_told_what_it_wants(wanted: Wanted, jobs: str) -> None:
    assert [event.job_id for event in ENTRY.events(wanted, 0)] == list(jobs)


def test_each_event_has_its_place_and_from_there_on_the_rest_is_told() -> None:
    whole = list(ENTRY.events(Wanted(), 0))

    assert [event.id for event in whole] == ["5-1.1", "5-1.2", "5-1.3"]
    for seen, event in enumerate(whole, start=1):
        assert list(ENTRY.events(Wanted(), Place.of(event.id).seen)) == whole[seen:]
    assert str(ENTRY.end) == whole[-1].id


@pytest.mark.parametrize(
    "line",
    [
        "",
        "a",
        "a 1 queued 1000 q",
        "a one queued 1000 q x.run",
        "a 1 flying 1000 q x.run",
        "a 1 queued now q x",
    ],
)
def test_a_line_that_cannot_be_read_is_passed_over_and_counted(line: str) -> None:
    entry = Entry.of([b"5-1", f"{line}\nb 2 running 1500 q y.run".encode()])

    assert [event.id for event in entry.events(Wanted(), 0)] == ["5-1.2"]


def test_a_stock_client_may_give_a_job_an_id_with_spaces() -> None:
    entry = Entry.of([b"5-1", b"my own job 1 queued 1000 q x.run"])

    assert entry.changes == [Change("my own job", 1, "queued", 1000, "q", "x.run")]


@pytest.mark.parametrize(
    ("place", "is_covered"),
    [("3-0.0", True), ("3-1.9", True), ("5-1.3", True), ("0-0.0", True), ("2-9.1", False), ("5-2.1", False)],
)
def test_a_place_that_is_not_kept_is_known(place: str, *, is_covered: bool) -> None:
    assert Window(Place.of("3-0.0"), Place.of("5-1.0"), []).covers(Place.of(place)) is is_covered


def test_an_empty_feed_covers_its_beginning_alone() -> None:
    window = Window.of([b"", b"", []])

    assert window.covers(BEGINNING)
    assert not window.covers(Place.of("1-0.1"))

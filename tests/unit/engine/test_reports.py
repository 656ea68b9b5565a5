"""Reports: what attempts say is gathered, and falls due once a second for each of them."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import pytest
from tests.unit.engine.time_travel import TimeTravel

from afterwork.engine import keys
from afterwork.engine.work.reports import INTERVAL, Report, Reports

Script = Callable[[Reports, TimeTravel, list[float]], Coroutine[Any, Any, None]]


def run(script: Script) -> None:
    """In a loop whose clock the script moves, with two attempts under way, w:1 and w:2.

    The list holds the times at which something fell due.
    """

    async def main(loop: TimeTravel) -> None:
        due: list[float] = []
        began = loop.time()
        reports = Reports(lambda: due.append(round(loop.time() - began, 1)))
        reports.open("a", "w:1")
        reports.open("b", "w:2")
        await script(reports, loop, due)

    with asyncio.Runner(loop_factory=TimeTravel) as runner:
        loop = runner.get_loop()
        assert isinstance(loop, TimeTravel)
        runner.run(main(loop))


def texts(report: Report) -> list[str]:
    return [line.text for line in report.lines]


def test_the_first_report_is_due_at_once_and_the_next_a_second_after_it_was_taken() -> None:
    async def script(reports: Reports, loop: TimeTravel, due: list[float]) -> None:
        # given an attempt whose first report was taken
        reports.progress("w:1", b"1")
        assert reports.is_due
        (first,) = reports.take()
        assert (first.job_id, first.token, first.progress) == ("a", "w:1", b"1")

        # when it goes on reporting
        for i in range(9):
            reports.progress("w:1", b"%d" % i)
            reports.log("w:1", "info", f"{i}")
            await loop.pass_by(0.1)
        assert reports.take() == []
        await loop.pass_by(INTERVAL)

        # then the latest progress and all lines fall due together, once
        (second,) = reports.take()
        assert (second.progress, texts(second)) == (b"8", [f"{i}" for i in range(9)])
        assert len(due) == 2
        assert due[1] >= INTERVAL

    run(script)


def test_who_was_silent_for_a_second_is_written_at_once_again() -> None:
    async def script(reports: Reports, loop: TimeTravel, due: list[float]) -> None:
        reports.log("w:1", "info", "one")
        reports.take()
        await loop.pass_by(INTERVAL + 0.1)
        assert not reports.is_due

        reports.log("w:1", "info", "two")

        assert [texts(report) for report in reports.take()] == [["two"]]

    run(script)


def test_of_a_flood_the_last_hundred_lines_are_kept() -> None:
    async def script(reports: Reports, loop: TimeTravel, due: list[float]) -> None:
        for i in range(1000):
            reports.log("w:1", "info", f"{i}")

        (report,) = reports.take()

        assert texts(report) == [f"{i}" for i in range(900, 1000)]
        assert report.progress == b""

    run(script)


def test_the_end_takes_what_is_left_and_nothing_falls_due_any_more() -> None:
    async def script(reports: Reports, loop: TimeTravel, due: list[float]) -> None:
        # given an attempt with a report that waits for its second
        reports.log("w:1", "info", "one")
        reports.take()
        reports.log("w:1", "info", "two")

        # when it ends
        assert texts(reports.close("w:1")) == ["two"]

        # then that is all
        await loop.pass_by(5)
        assert (reports.take(), reports.is_due, len(due)) == ([], False, 1)
        assert reports.close("w:1") == Report()

    run(script)


def test_an_end_before_the_first_report_was_taken_takes_it_along() -> None:
    async def script(reports: Reports, loop: TimeTravel, due: list[float]) -> None:
        reports.progress("w:1", b"1")

        assert reports.close("w:1").progress == b"1"

        assert (reports.take(), reports.is_due) == ([], False)

    run(script)


def test_what_comes_after_the_end_is_nobodys() -> None:
    async def script(reports: Reports, loop: TimeTravel, due: list[float]) -> None:
        reports.close("w:1")

        reports.progress("w:1", b"1")
        reports.log("w:1", "info", "late")

        assert (reports.take(), reports.is_due, reports.close("w:1")) == ([], False, Report())

    run(script)


def test_attempts_are_reported_each_for_itself() -> None:
    async def script(reports: Reports, loop: TimeTravel, due: list[float]) -> None:
        reports.progress("w:1", b"1")
        reports.take()
        reports.progress("w:2", b"2")
        reports.progress("w:1", b"3")

        assert [report.token for report in reports.take()] == ["w:2"]
        await loop.pass_by(INTERVAL + 0.1)
        assert [report.progress for report in reports.take()] == [b"3"]

    run(script)


@pytest.mark.parametrize(("size", "batches"), [(1, [64, 6]), (100 * 1024, [2] * 35), (300 * 1024, [1] * 70)])
def test_no_more_is_taken_than_fits_into_one_call(size: int, batches: list[int]) -> None:
    async def script(reports: Reports, loop: TimeTravel, due: list[float]) -> None:
        for i in range(70):
            reports.open(f"{i}", f"w:{i}")
            reports.progress(f"w:{i}", b"x" * size)

        taken = [reports.take() for _ in batches]

        assert [len(part) for part in taken] == batches
        assert [report.job_id for part in taken for report in part] == [f"{i}" for i in range(70)]
        assert not reports.is_due
        assert keys.BATCH_JOBS == 64

    run(script)

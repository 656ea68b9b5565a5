"""The job's logger: what it says goes where all lines go, and as plain text into the job's own log."""

from collections.abc import Iterator

import pytest
import structlog
from structlog.testing import capture_logs

from afterwork.engine.work.job_log import MAX_TEXT, job_logger
from afterwork.settings import LogSettings
from afterwork.telemetry import configure_logging


class Unshowable:
    def __repr__(self) -> str:
        raise ValueError("no")


class Kept:
    """The lines of one job's log."""

    def __init__(self) -> None:
        self.lines: list[tuple[str, str]] = []
        self.logger = job_logger("id", "test.kind", lambda level, text: self.lines.append((level, text)))


@pytest.fixture(autouse=True)
def own_configuration() -> Iterator[None]:
    """None that another test has left."""
    structlog.reset_defaults()
    yield
    structlog.reset_defaults()


def test_a_line_holds_its_text_and_what_was_told_besides() -> None:
    kept = Kept()

    kept.logger.info("fetched", page=7, url="somewhere")
    kept.logger.bind(shard=2).error("broken", ratio=0.5)

    assert kept.lines == [
        ("info", "fetched page=7 url=somewhere"),
        ("error", "broken shard=2 ratio=0.5"),
    ]


def test_the_same_line_names_job_and_kind_where_all_lines_go() -> None:
    with capture_logs() as logs:
        kept = Kept()
        kept.logger.warning("careful", page=7)

    assert [{name: entry[name] for name in ("event", "job_id", "kind", "page")} for entry in logs] == [
        {"event": "careful", "job_id": "id", "kind": "test.kind", "page": 7}
    ]
    assert kept.lines == [("warning", "careful page=7")]


def test_an_exception_is_told_by_class_and_message() -> None:
    kept = Kept()

    try:
        [].pop()
    except IndexError as error:
        kept.logger.exception("it failed")
        kept.logger.exception("again", exc_info=error)

    assert kept.lines == [
        ("error", "it failed IndexError: pop from empty list"),
        ("error", "again IndexError: pop from empty list"),
    ]


def test_what_cannot_be_shown_is_kept_as_far_as_it_can() -> None:
    with capture_logs():
        kept = Kept()
        kept.logger.info("look", it=Unshowable(), text="\ud800")

    assert kept.lines == [("info", "look it=(Unshowable) text=?")]


def test_a_long_line_is_cut_off() -> None:
    kept = Kept()

    kept.logger.info("x" * MAX_TEXT)
    kept.logger.info("x" * (MAX_TEXT + 1))

    assert [text for _, text in kept.lines] == ["x" * MAX_TEXT, "x" * (MAX_TEXT - 1) + "…"]


def test_a_level_that_is_not_written_is_not_kept_either() -> None:
    configure_logging(LogSettings(level="warning"))
    kept = Kept()

    kept.logger.info("quiet")
    kept.logger.warning("loud")

    assert kept.lines == [("warning", "loud")]


@pytest.mark.parametrize("log_format", ["console", "json"])
def test_a_line_that_cannot_be_made_costs_itself_only(log_format: str) -> None:
    configure_logging(LogSettings(format=log_format))
    kept = Kept()

    kept.logger.bind(shard=2).info("%s of %s", *["one"])
    kept.logger.info("look", it=Unshowable())
    kept.logger.info("half \ud83d of a pair")

    level, text = kept.lines[0]
    assert level == "error"
    assert text.startswith("a line could not be logged shard=2 line=%s of %s one error=TypeError: not enough")
    assert kept.lines[1] == ("info", "look it=(Unshowable)")
    assert kept.lines[-1] == ("info", "half ? of a pair")


async def test_the_same_of_a_line_that_is_awaited() -> None:
    kept = Kept()

    await kept.logger.ainfo("%s of %s", *["one"])

    assert [level for level, _ in kept.lines] == ["error"]

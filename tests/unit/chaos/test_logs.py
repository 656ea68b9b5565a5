"""What is read out of the logs of processes that were killed, and started again into the same file."""

import json
from collections.abc import Mapping
from pathlib import Path

import pytest
from tests.chaos.logs import accidents, released_runs, summary
from tests.chaos.runs import Run

FIRST = {"event": "service ready", "worker": "appender-host-11-aa", "level": "info"}
SECOND = {"event": "service ready", "worker": "appender-host-22-bb", "level": "info"}
RELEASED = {
    "event": "attempt ended",
    "outcome": "released",
    "job_id": "one",
    "seconds": 2.5,
    "level": "info",
    "timestamp": "2026-01-01T00:00:10Z",
}
DONE = RELEASED | {"outcome": "done"}


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "1-appender.log"


def write(log: Path, *lines: Mapping[str, object] | str) -> None:
    log.write_text("".join(f"{line if isinstance(line, str) else json.dumps(line)}\n" for line in lines))


def test_a_run_that_was_given_back_belongs_to_the_process_that_was_ready_last(log: Path) -> None:
    write(log, FIRST, DONE, '{"event": "killed in the mid', SECOND, RELEASED)

    ((job_id, run),) = released_runs(log)

    assert job_id == "one"
    assert run == Run("appender-host-22-bb", run.ended - 2.5, run.ended, "released")
    assert run.pid == 22


def test_exceptions_and_tracebacks_are_accidents_and_failing_attempts_are_none(log: Path) -> None:
    failed = {"event": "attempt ended", "level": "warning", "error": "FailedOnceError: "}
    write(
        log,
        failed,
        {"event": "a duty failed", "exception": "Traceback …"},
        "Traceback (most recent call last):",
    )

    assert accidents(log) == [
        "1-appender.log: a duty failed",
        "1-appender.log: Traceback (most recent call last):",
    ]


def test_the_summary_counts_warnings_and_worse(log: Path) -> None:
    write(log, FIRST, {"event": "rare", "level": "error"}, *[{"event": "often", "level": "warning"}] * 12)

    assert summary([log]).split("\n") == ["    12 warning: often", "     1 error: rare"]

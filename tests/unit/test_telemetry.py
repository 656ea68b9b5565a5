"""Logs: one form for our own lines and those of libraries, and no line that stops whoever writes it."""

import json
import os
import subprocess
import sys

import pytest

PROGRAM = """
import logging, structlog
from afterwork.settings import LogSettings
from afterwork.telemetry import configure_logging

configure_logging(LogSettings(format={form!r}, level={level!r}))
ours, theirs = structlog.get_logger(), logging.getLogger("some.library")

class Mute(Exception):
    def __str__(self):
        raise RuntimeError

{lines}
"""


def run(lines: str, form: str = "json", level: str = "info") -> list[str]:
    """The lines that a process writes; nothing may go to standard error."""
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM.format(form=form, level=level, lines=lines)],
        capture_output=True,
        check=False,
        timeout=30,
        env={**os.environ, "PYTHONIOENCODING": "utf-8:strict"},
    )
    assert (done.returncode, done.stderr.decode()) == (0, "")
    return done.stdout.decode().splitlines()


def read(lines: list[str]) -> list[dict[str, object]]:
    return [json.loads(line) for line in lines]


def test_a_json_line_holds_event_level_time_and_what_was_said() -> None:
    (line,) = read(run("ours.bind(job_id='1').info('attempt ended', kind='probe.run', seconds=0.5)"))

    assert str(line.pop("timestamp")).endswith("Z")
    assert line == {
        "event": "attempt ended",
        "level": "info",
        "job_id": "1",
        "kind": "probe.run",
        "seconds": 0.5,
    }


def test_lines_of_libraries_look_the_same() -> None:
    (line,) = read(run("theirs.warning('lost %s', 'it')"))

    assert "timestamp" in line
    assert (line["event"], line["level"]) == ("lost it", "warning")


@pytest.mark.parametrize("form", ["json", "console"])
@pytest.mark.parametrize(
    ("level", "written"),
    [
        ("debug", ["a", "b", "c", "y", "z"]),
        ("info", ["b", "c", "y", "z"]),
        ("warning", ["c", "z"]),
        ("error", []),
    ],
)
def test_only_what_is_severe_enough_is_written_and_no_debug_of_libraries(
    form: str, level: str, written: list[str]
) -> None:
    lines = run(
        "ours.debug('#a'); ours.info('#b'); ours.warning('#c')\n"
        "theirs.debug('#x'); theirs.info('#y'); theirs.warning('#z')",
        form,
        level,
    )

    assert [line[line.index("#") + 1] for line in lines] == written


@pytest.mark.parametrize("logger", ["ours", "theirs"])
def test_a_json_line_brings_the_traceback_inside_it(logger: str) -> None:
    (line,) = read(run(f"try: 1 / 0\nexcept ZeroDivisionError: {logger}.exception('boom')"))

    assert (line["event"], line["level"]) == ("boom", "error")
    assert str(line["exception"]).startswith("Traceback")
    assert str(line["exception"]).endswith("ZeroDivisionError: division by zero")


@pytest.mark.parametrize("logger", ["ours", "theirs"])
def test_a_console_brings_the_traceback_below_its_line(logger: str) -> None:
    first, *traceback = run(f"try: 1 / 0\nexcept ZeroDivisionError: {logger}.exception('boom')", "console")

    assert "[error    ] boom" in first
    assert traceback[0].startswith("Traceback")
    assert traceback[-1] == "ZeroDivisionError: division by zero"


def test_a_console_that_is_no_terminal_gets_no_colours() -> None:
    (line,) = run("ours.info('hello', job_id='1')", "console")

    assert "\x1b" not in line
    assert "[info     ] hello" in line
    assert "job_id=1" in line


@pytest.mark.parametrize("form", ["json", "console"])
@pytest.mark.parametrize(
    "line",
    [
        "ours.info('x', value=b'\\xff', other=object())",
        "ours.info('two\\nlines', value='three\\nlines')",
        "ours.info('x', value='\\ud800')",
        "ours.info('\\ud800')",
        "theirs.warning('\\ud800')",
        "try: raise Mute\nexcept Mute: ours.exception('x')",
        "try: raise ExceptionGroup('several', [Mute(), ValueError()])\nexcept ExceptionGroup: ours.exception('x')",
        "try: raise ValueError('\\ud800')\nexcept ValueError: ours.exception('x')",
    ],
)
def test_nothing_that_is_logged_raises_or_gets_lost(form: str, line: str) -> None:
    assert len(run(f"{line}\nours.info('next')", form)) >= 2


@pytest.mark.parametrize("form", ["console", "json"])
def test_what_a_job_logs_cannot_pass_for_another_line(form: str) -> None:
    lines = run("ours.info('done\\n2026 [error] forged', path='\\x1b[2Jgone')", form=form)

    assert len(lines) == 1
    assert "forged" in lines[0]
    assert "\x1b[2J" not in lines[0]

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from afterwork_up.output import LINES_KEPT, Output


def never() -> None:
    raise AssertionError


@contextmanager
def pipe_ends() -> Iterator[tuple[int, int]]:
    reading, writing = os.pipe()
    try:
        yield reading, writing
    finally:
        os.close(reading)
        os.close(writing)


def test_a_line_of_a_child_stands_after_its_name(tmp_path: Path) -> None:
    # given an output into a file
    with (tmp_path / "printed").open("wb") as file:
        output = Output(file.fileno(), colour=False, on_gone=never)

        # when a child and `up` itself say something
        output.line("gateway", "listening")
        output.say("afterwork ready")
        output.close()

    # then only the child's line has a name in front
    assert (tmp_path / "printed").read_text() == "gateway     | listening\nafterwork ready\n"


def test_each_name_keeps_its_colour_on_a_terminal(tmp_path: Path) -> None:
    with (tmp_path / "printed").open("wb") as file:
        output = Output(file.fileno(), colour=True, on_gone=never)

        output.line("gateway", "one")
        output.line("valkey", "two")
        output.line("gateway", "three")
        output.close()

    first, second, third = (line.split("m", 1)[0] for line in (tmp_path / "printed").read_text().splitlines())
    assert first == third != second


def test_a_reader_that_pauses_stops_nobody_and_learns_how_much_it_missed() -> None:
    with pipe_ends() as (reading, writing):
        # given a terminal that takes nothing, as after Ctrl-S
        output = Output(writing, colour=False, on_gone=never)

        # when far more is printed than a pipe and the queue hold
        line = "x" * 1000
        for _ in range(2 * LINES_KEPT):
            output.say(line)

        # then all calls returned, and the reader sees the rest and the count when it goes on
        seen = bytearray()
        while b"lines not shown" not in seen:
            seen += os.read(reading, 1 << 20)
        shown = seen.count(b"x\n")
        assert LINES_KEPT <= shown < 2 * LINES_KEPT
        assert f"({2 * LINES_KEPT - shown} lines not shown".encode() in seen
        output.close()


def test_a_reader_that_is_gone_is_noticed() -> None:
    # given an output whose reader has gone, as `| head` does
    reading, writing = os.pipe()
    os.close(reading)
    gone = threading.Event()
    output = Output(writing, colour=False, on_gone=gone.set)

    # when something is printed
    output.say("hello")
    output.say("is anybody there?")

    # then it is told once
    assert gone.wait(10)
    output.close()
    os.close(writing)


def test_a_full_disk_under_a_redirected_output_is_no_fault() -> None:
    with Path("/dev/full").open("wb", buffering=0) as full:  # full(4): every write says ENOSPC
        output = Output(full.fileno(), colour=False, on_gone=never)

        output.say("hello")

        output.close()

"""What a child says to its worker: at once if it is little, the last of it if it is much."""

import socket
from collections.abc import Iterator

import pytest

from afterwork.errors import InputInvalid
from afterwork.sandbox import ask, inside, report_progress, tell
from afterwork.sandbox.failures import describe
from afterwork.sandbox.frames import Frame, Line, Topic
from afterwork.sandbox.inside import Voice


class Clock:
    """Goes when it is told to."""

    def __init__(self) -> None:
        self.time = 0.0

    def __call__(self) -> float:
        return self.time


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def ends() -> Iterator[tuple[Line, Line]]:
    """Of the child and of its worker."""
    child, worker = socket.socketpair()
    worker.settimeout(5)
    with child, worker:
        yield Line(child), Line(worker)


def heard(worker: Line, times: int) -> list[bytes]:
    return [worker.receive().body for _ in range(times)]


def test_little_is_said_at_once(ends: tuple[Line, Line], clock: Clock) -> None:
    child, worker = ends
    voice = Voice(child, clock)

    for number in range(20):
        voice.say(Topic.PROGRESS, b"%d" % number)

    assert heard(worker, 20) == [b"%d" % number for number in range(20)]


def test_of_much_the_latest_is_said_when_there_is_time(ends: tuple[Line, Line], clock: Clock) -> None:
    child, worker = ends
    voice = Voice(child, clock)
    for number in range(1000):
        voice.say(Topic.PROGRESS, b"%d" % number)
    heard(worker, 20)

    clock.time = 0.05  # one more may be said
    voice.say(Topic.PROGRESS, b"1000")
    voice.say(Topic.PROGRESS, b"1001")
    voice.flush()

    assert heard(worker, 2) == [b"1000", b"1001"]


def test_of_many_lines_the_first_and_the_last_hundred_come(ends: tuple[Line, Line], clock: Clock) -> None:
    child, worker = ends
    voice = Voice(child, clock)

    for number in range(1000):
        voice.say(Topic.NEWS, b"%d" % number)
    voice.flush()

    expected = [*range(100), *range(900, 1000)]
    assert heard(worker, 200) == [b"%d" % number for number in expected]


def test_a_question_comes_after_what_was_said_before(ends: tuple[Line, Line], clock: Clock) -> None:
    child, worker = ends
    voice = Voice(child, clock)
    for number in range(21):
        voice.say(Topic.PROGRESS, b"%d" % number)
    worker.send(Topic.ANSWER, b"42")

    answer = voice.ask(b'"why?"')

    assert answer == b"42"
    assert heard(worker, 22)[-2:] == [b"20", b'"why?"']


def test_a_refusal_is_raised(ends: tuple[Line, Line], clock: Clock) -> None:
    child, worker = ends
    failure = describe(InputInvalid("not this"))
    worker.send(Topic.REFUSAL, failure.model_dump_json().encode())

    with pytest.raises(InputInvalid, match="not this"):
        Voice(child, clock).ask(b"1")


def test_a_message_larger_than_the_line_takes_at_once_is_one_message() -> None:
    frame = Frame(Topic.CALL, b"x" * 1000)

    assert frame.encode() == b"C\x00\x00\x03\xe8" + b"x" * 1000


def test_outside_of_a_child_nobody_hears_and_nobody_answers() -> None:
    report_progress(1, 2, "note")
    tell("anything")

    with pytest.raises(RuntimeError, match="no child"):
        ask("anything")
    assert inside._Process.voice is None  # noqa: SLF001 - this process is none

"""How a job's events are written down."""

import json
from datetime import UTC, datetime

from afterwork.contracts import JobEvent, JobState, LogLine, Progress, StateChange
from gateway.jobs.event_stream import messages

AT = datetime(2030, 1, 1, tzinfo=UTC)


def line(version: int, text: str = "x") -> JobEvent:
    return JobEvent(version=version, what=LogLine(at=AT, level="info", text=text, version=version))


def progress(version: int) -> JobEvent:
    return JobEvent(version=version, what=Progress(done=1, total=2))


def state(version: int) -> JobEvent:
    change = StateChange(state=JobState.RUNNING, attempt=1, at=AT, worker="w", error=None)
    return JobEvent(version=version, what=change)


def test_each_event_is_named_after_what_it_tells() -> None:
    names = [message.event for message in messages([line(1), progress(2), state(3)])]

    assert names == ["log", "progress", "state"]


def test_only_the_last_event_of_a_version_is_one_to_resume_from() -> None:
    batch = [line(2), line(2), progress(2), line(3), state(4), line(5), line(5)]

    assert [message.id for message in messages(batch)] == [None, None, "2", "3", "4", None, "5"]


def test_whatever_a_line_says_it_stays_within_its_event() -> None:
    # Given
    text = "one\n\ntwo\r\nevent: state\ndata: {}\rid: 99\n\n"

    # When
    (message,) = messages([line(7, text)])

    # Then
    fields = [field.partition(": ")[::2] for field in message.encode().decode().splitlines() if field]
    assert [name for name, _ in fields] == ["id", "event", "data"]
    assert json.loads(dict(fields)["data"])["text"] == text

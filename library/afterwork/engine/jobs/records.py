"""From Redis' replies to the models that clients see."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from pydantic import ValidationError

from afterwork import errors
from afterwork.contracts import (
    Attempt,
    Job,
    JobState,
    JobSummary,
    KindCounts,
    KindLimits,
    Ledger,
    LogLine,
    Priority,
    Problem,
    Progress,
    QueueOverview,
)
from afterwork.engine import keys
from afterwork.engine.codec import OWN_PROBLEMS, loads, result_of
from afterwork.engine.jobs.history import attempts_in
from afterwork.engine.jobs.submission import moment

Flat = Sequence[bytes]
"""Names and values in turn, as Lua returns a hash."""


def job_from(job_id: str, reply: Sequence[Any]) -> Job:
    """The whole job as `get.lua` returns it."""
    now, record, history, envelope, _ = reply
    fields = _fields(record)
    state = _state(fields, now)
    is_success = state is JobState.SUCCEEDED
    outcome = _outcome(fields, envelope) if state.is_final else None
    error = _problem(outcome) if outcome is not None and not is_success else None
    attempts = attempts_in(history)
    if state is JobState.RUNNING:
        attempts.append(_running_attempt(fields))
    return Job(
        **_common(job_id, fields, state, now),
        error=error,
        result=outcome if is_success else None,
        history=attempts[-keys.HISTORY_LENGTH :],
        then=_lines(fields, "follow_ups"),
        followers=_lines(fields, "followers"),
    )


def summary_from(now: int, row: Sequence[Any]) -> JobSummary:
    """One row of `list.lua`."""
    job_id, record, envelope = row
    texts = record.decode().split("\0")
    fields = dict(zip(texts[::2], texts[1::2], strict=True))
    outcome = _outcome(fields, envelope) if "finished" in fields else None
    error = _problem(outcome) if outcome is not None else None
    return JobSummary(**_common(job_id.decode(), fields, _state(fields, now), now), error=error)


def ledger_from(reply: Sequence[Any]) -> Ledger:
    """The counts of `ledger.lua`."""
    return Ledger.model_validate(dict(zip((name.decode() for name in reply[::2]), reply[1::2], strict=True)))


def queues_from(reply: Sequence[Any]) -> list[QueueOverview]:
    """The queues of `queues.lua`, by name."""
    return sorted((_queue(row) for row in reply), key=lambda queue: queue.name)


def _queue(row: Sequence[Any]) -> QueueOverview:
    name, suspects, paused, kind_rows = row
    kinds = sorted((_kind(kind) for kind in kind_rows), key=lambda counts: counts.kind)
    ages = [counts.oldest_due_age for counts in kinds]
    return QueueOverview(
        name=name.decode(),
        waiting=sum(counts.waiting for counts in kinds),
        due=sum(counts.due for counts in kinds),
        running=sum(counts.running for counts in kinds),
        suspects=suspects,
        oldest_due_age=max((age for age in ages if age is not None), default=None),
        paused=bool(paused),
        kinds=kinds,
    )


def _kind(row: Sequence[Any]) -> KindCounts:
    kind, waiting, due, running, succeeded, failed, cancelled, age, paused, *limits, by_operator = row
    return KindCounts(
        kind=kind.decode(),
        waiting=waiting,
        due=due,
        running=running,
        succeeded=succeeded,
        failed=failed,
        cancelled=cancelled,
        oldest_due_age=_seconds(age),
        paused=bool(paused),
        limits=_limits(*limits),
        limits_from="operator" if by_operator else "contract",
    )


def _limits(max_running: bytes, max_per_second: bytes) -> KindLimits:
    return KindLimits(
        max_running=int(max_running) if max_running else None,
        max_per_second=float(max_per_second) if max_per_second else None,
    )


def _seconds(milliseconds: int) -> float | None:
    return None if milliseconds < 0 else milliseconds / 1000


def _outcome(fields: Mapping[str, str], envelope: bytes | None) -> Any:  # noqa: ANN401 - any JSON value
    """Result or problem; the envelopes of plain functions are for their users, and never opened here."""
    if fields["kind"] == keys.PLAIN:
        return loads(fields["problem"].encode()) if "problem" in fields else None
    try:
        return None if envelope is None else result_of(envelope)
    except (
        ValueError,
        TypeError,
        KeyError,
    ):  # a stock worker, pointed at a lane of kinds, has written its own
        return None if fields["state"] == "succeeded" else {}


def _problem(outcome: Any) -> Problem:  # noqa: ANN401 - any JSON value
    """What a job failed with; if that cannot be read, the problem says so."""
    try:
        return Problem.model_validate(outcome)
    except ValidationError:
        return Problem.model_validate_json(OWN_PROBLEMS[errors.Undecodable.code])


def _fields(flat: Flat) -> dict[str, str]:
    texts = [value.decode() for value in flat]
    return dict(zip(texts[::2], texts[1::2], strict=True))


def _state(fields: dict[str, str], now: int) -> JobState:
    if fields["state"] != "waiting":
        return JobState(fields["state"])
    return JobState.SCHEDULED if int(fields["due"]) > now else JobState.QUEUED


def _common(job_id: str, fields: dict[str, str], state: JobState, now: int) -> dict[str, Any]:
    progress = _progress(fields)
    return {
        "id": job_id,
        "kind": fields["kind"],
        "queue": fields["queue"],
        "state": state,
        "priority": Priority(fields["level"]),
        "attempt": int(fields["attempt"]),
        "max_attempts": int(fields["max_attempts"]),
        "claims": int(fields["claims"]),
        "deaths": int(fields["deaths"]),
        "timeout": int(fields["timeout"]) / 1000,
        "durability": fields["durability"],
        "created_at": moment(int(fields["created"])),
        "run_at": moment(int(fields["due"])),
        "started_at": _moment(fields, "started"),
        "finished_at": _moment(fields, "finished"),
        "unique_key": fields.get("unique"),
        "parent": fields.get("parent"),
        "tags": _lines(fields, "tags"),
        "start_before": _moment(fields, "start_before"),
        "retention": int(fields["retention"]) / 1000 if "retention" in fields else None,
        "progress": progress[1] if progress else None,
        "cancel_requested": "cancel" in fields,
        "worker": fields.get("worker"),
        "function": fields.get("function"),
        "version": int(fields["version"]),
        "as_of": moment(now),
    }


def _moment(fields: dict[str, str], name: str) -> datetime | None:
    return moment(int(fields[name])) if name in fields else None


def _lines(fields: dict[str, str], name: str) -> list[str]:
    return fields[name].split("\n") if fields.get(name) else []


def _progress(fields: dict[str, str]) -> tuple[int, Progress] | None:
    version, _, body = fields.get("progress", "").partition("\n")
    return (int(version), Progress.model_validate_json(body)) if body else None


def _running_attempt(fields: dict[str, str]) -> Attempt:
    return Attempt(
        attempt=int(fields["attempt"]),
        started_at=moment(int(fields["started"])),
        finished_at=None,
        worker=fields["worker"],
        error=None,
    )


def progress_from(reply: Sequence[Any]) -> tuple[int, Progress] | None:
    """The progress in a reply of `get.lua`, and the version that it came with."""
    return _progress(_fields(reply[1]))


def first_state(reply: Sequence[Any]) -> JobState:
    """The state that the job had when it was submitted."""
    return JobState(_fields(reply[1]).get("first", "queued"))


def state_version(reply: Sequence[Any]) -> int:
    """The version with which the job entered the state that it has in a reply of `get.lua`."""
    return int(_fields(reply[1])["state_version"])


def log_from(reply: Sequence[Any]) -> list[LogLine]:
    """The log as `get.lua` returns it, oldest line first."""
    lines = (entry.decode().split("\n", 3) for entry in reply[4])
    return [
        LogLine(version=int(version), at=moment(int(at)), level=level, text=text)
        for version, at, level, text in lines
    ]

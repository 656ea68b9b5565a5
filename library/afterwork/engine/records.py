"""From Redis' replies to the models that clients see."""

from collections.abc import Sequence
from typing import Any

from afterwork import errors
from afterwork.contracts import (
    Attempt,
    Job,
    JobState,
    JobSummary,
    KindCounts,
    Ledger,
    Priority,
    Problem,
    QueueOverview,
)
from afterwork.engine.codec import problem_json, result_of
from afterwork.engine.submission import moment

Flat = Sequence[bytes]
"""Names and values in turn, as Lua returns a hash."""


def job_from(job_id: str, reply: Sequence[Any]) -> Job:
    """The whole job as `get.lua` returns it."""
    now, record, history, envelope = reply
    fields = _fields(record)
    state = _state(fields, now)
    ended = envelope is not None and state.is_final
    outcome = result_of(envelope) if envelope is not None and ended else None
    is_success = state is JobState.SUCCEEDED
    error = Problem.model_validate(outcome) if ended and not is_success else None
    attempts = [_attempt(entry) for entry in history]
    if state is JobState.RUNNING:
        attempts.append(_running_attempt(fields))
    return Job(
        **_common(job_id, fields, state),
        error=error,
        result=outcome if is_success else None,
        history=attempts,
    )


def summary_from(now: int, row: Sequence[Any]) -> JobSummary:
    """One row of `list.lua`."""
    job_id, record, envelope = row
    fields = _fields(record)
    error = Problem.model_validate(result_of(envelope)) if envelope else None
    return JobSummary(**_common(job_id.decode(), fields, _state(fields, now)), error=error)


def ledger_from(reply: Sequence[Any]) -> Ledger:
    """The counts of `ledger.lua`."""
    return Ledger.model_validate(dict(zip((name.decode() for name in reply[::2]), reply[1::2], strict=True)))


def queues_from(reply: Sequence[Any]) -> list[QueueOverview]:
    """The queues of `queues.lua`, by name."""
    return sorted((_queue(row) for row in reply), key=lambda queue: queue.name)


def _queue(row: Sequence[Any]) -> QueueOverview:
    name, suspects, kind_rows = row
    kinds = sorted((_kind(kind) for kind in kind_rows), key=lambda counts: counts.kind)
    ages = [counts.oldest_due_age for counts in kinds]
    return QueueOverview(
        name=name.decode(),
        waiting=sum(counts.waiting for counts in kinds),
        due=sum(counts.due for counts in kinds),
        running=sum(counts.running for counts in kinds),
        suspects=suspects,
        oldest_due_age=max((age for age in ages if age is not None), default=None),
        kinds=kinds,
    )


def _kind(row: Sequence[Any]) -> KindCounts:
    kind, waiting, due, running, succeeded, failed, cancelled, age = row
    return KindCounts(
        kind=kind.decode(),
        waiting=waiting,
        due=due,
        running=running,
        succeeded=succeeded,
        failed=failed,
        cancelled=cancelled,
        oldest_due_age=_seconds(age),
    )


def _seconds(milliseconds: int) -> float | None:
    return None if milliseconds < 0 else milliseconds / 1000


def _fields(flat: Flat) -> dict[str, str]:
    texts = [value.decode() for value in flat]
    return dict(zip(texts[::2], texts[1::2], strict=True))


def _state(fields: dict[str, str], now: int) -> JobState:
    if fields["state"] != "waiting":
        return JobState(fields["state"])
    return JobState.SCHEDULED if int(fields["due"]) > now else JobState.QUEUED


def _common(job_id: str, fields: dict[str, str], state: JobState) -> dict[str, Any]:
    started, finished = fields.get("started"), fields.get("finished")
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
        "started_at": moment(int(started)) if started else None,
        "finished_at": moment(int(finished)) if finished else None,
        "unique_key": fields.get("unique"),
        "cancel_requested": "cancel" in fields,
        "worker": fields.get("worker"),
        "version": int(fields["version"]),
    }


def _attempt(entry: bytes) -> Attempt:
    number, started, finished, worker, error = entry.decode().split("\n", 4)
    return Attempt(
        attempt=int(number),
        started_at=moment(int(started)),
        finished_at=moment(int(finished)),
        worker=worker,
        error=_problem(error),
    )


def _running_attempt(fields: dict[str, str]) -> Attempt:
    return Attempt(
        attempt=int(fields["attempt"]),
        started_at=moment(int(fields["started"])),
        finished_at=None,
        worker=fields["worker"],
        error=None,
    )


def _problem(error: str) -> Problem | None:
    if not error:
        return None
    if error == errors.WorkerLost.code:
        return Problem.model_validate_json(problem_json(errors.WorkerLost))
    return Problem.model_validate_json(error)

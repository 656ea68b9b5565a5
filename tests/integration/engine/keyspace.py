"""The whole keyspace: as it stands in Redis, and as the model says that it must be."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tests.integration.engine.model import Model
from tests.integration.engine.model_job import ModelJob
from tests.integration.engine.transitions import CLOCK_KEY

from afterwork.engine import keys

Value = str | list[str] | dict[str, str] | dict[str, float] | dict[str, list[str]] | set[str]
UNSEEN = (CLOCK_KEY, keys.LOCK, keys.STEP, keys.CLAIMED)
"""Left out of the comparison: locks expire by the real clock, steps are the workers' own, and by what was claimed under
a rate the next claims are seen to go."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """values: by key. versions: by job id. locks: token by job id. mortal: keys with an expiry."""

    values: Mapping[str, Value]
    versions: Mapping[str, int]
    locks: Mapping[str, str]
    mortal: frozenset[str]

    def members(self, prefix: str) -> dict[str, list[tuple[str, float]]]:
        """Member → (key, score) in every sorted set whose name begins so."""
        found: dict[str, list[tuple[str, float]]] = {}
        for key, value in self.values.items():
            if key.startswith(prefix) and isinstance(value, dict):
                for member, score in value.items():
                    assert not isinstance(score, list)
                    found.setdefault(member, []).append((key, float(score)))
        return found


def snapshot(redis: Any) -> Snapshot:  # noqa: ANN401 - typed by redis-py as perhaps awaitable
    """Read everything at once."""
    with redis.pipeline(transaction=True) as pipe:
        names = sorted(redis.keys("*"))
        for name in names:
            _read(pipe, name)
            pipe.pttl(name)
        replies = pipe.execute()
    values = dict(zip(names, replies[::2], strict=True))
    ttls = dict(zip(names, replies[1::2], strict=True))
    versions: dict[str, int] = {}
    for name, value in values.items():
        if name.startswith(keys.JOB):
            versions[name.removeprefix(keys.JOB)] = int(value["version"])
            value.pop("durability")
        elif name.startswith(keys.RESULT):
            values[name] = _summary(value)
        elif name == keys.EVENTS:
            values[name] = _by_job(value)
    return Snapshot(
        values={name: _value(value) for name, value in values.items() if not name.startswith(UNSEEN)},
        versions=versions,
        locks={
            name.removeprefix(keys.LOCK): values[name]
            for name in names
            if name.startswith(keys.LOCK) and values[name]
        },
        mortal=frozenset(name for name, ttl in ttls.items() if ttl != -1),
    )


def expected(model: Model) -> dict[str, Value]:
    """What `snapshot` must find in `values`."""
    found: dict[str, dict[str, float]] = {}
    for job in model.jobs.values():
        for key, score in _standing(job).items():
            found.setdefault(key, {})[job.id] = score
    values: dict[str, Value] = {**found, **_of_all(model)}
    for job in model.jobs.values():
        values |= _of_one(job)
    return values


def _standing(job: ModelJob) -> dict[str, int]:
    """The job's score by sorted set."""
    scores = {
        f"{keys.INDEX}{job.queue}:{job.kind}:{job.state}": job.created,
        _place(job): job.place if job.is_live else None,
        keys.LEASES + job.queue: job.lease,
        keys.EXPIRY: job.expires,
        keys.START_BEFORE: job.start_before if job.is_start_awaited else None,
        **{keys.TAG + tag: job.created for tag in job.tag_set},
    }
    return {key: score for key, score in scores.items() if score is not None}


def _of_one(job: ModelJob) -> dict[str, Value]:
    values: dict[str, Value] = {keys.JOB + job.id: _record(job)}
    if job.has_payload:
        values[keys.PAYLOAD + job.id] = "payload"
    if job.body is not None:
        values[keys.RESULT + job.id] = {
            "s": str(job.state == "succeeded"),
            "t": str(job.attempt),
            "r": job.body,
        }
    if job.history:
        values[keys.HISTORY + job.id] = ["\n".join(map(str, entry)) for entry in job.history]
    if job.log:
        values[keys.LOG + job.id] = ["\n".join(map(str, line)) for line in job.log]
    if job.checkpoint is not None:
        values[keys.CHECKPOINT + job.id] = job.checkpoint
    if job.has_then:
        values[keys.THEN + job.id] = job.wanted.then
    return values


def _of_all(model: Model) -> dict[str, Value]:
    values: dict[str, Value] = {}
    counts = {"accepted": model.accepted, "swept": model.swept}
    if any(counts.values()):
        values[keys.LEDGER] = {name: str(count) for name, count in counts.items() if count}
    clock = model.clock
    if clock.last is not None:
        names = ("last", "ahead", "since", "lease", "heard", "holds")
        pulse = {name: getattr(clock, name) for name in names}
        values[keys.PULSE] = {name: str(time) for name, time in pulse.items() if time is not None}
    if model.known:
        values[keys.QUEUES] = set(model.known)
    values |= {keys.LANES + queue: dict.fromkeys(kinds, "") for queue, kinds in model.known.items()}
    values |= {keys.WAKE + queue: ["1"] for queue in model.woken}
    values |= {keys.LIMITS + queue: fields for queue in model.known if (fields := model.gates.fields(queue))}
    if model.events:
        values[keys.EVENTS] = model.events
    values |= {keys.UNIQUE + ":".join(key): job_id for key, job_id in model.unique.items()}
    values |= {
        keys.IDEMPOTENCY + scope: f"{body} {job_id}" for scope, (body, job_id) in model.idempotency.items()
    }
    return values


def _place(job: ModelJob) -> str:
    return keys.SUSPECTS + job.queue if job.is_suspect else keys.LANE + ":".join(job.lane)


def _record(job: ModelJob) -> dict[str, str]:
    fields = {
        "queue": job.queue,
        "kind": job.kind,
        "level": job.level,
        "state": job.state,
        "created": job.created,
        "due": job.due,
        "attempt": job.attempt,
        "claims": job.claims,
        "deaths": job.deaths,
        "max_attempts": job.max_attempts,
        "timeout": job.timeout,
        "started": job.started,
        "finished": job.finished,
        "worker": job.worker,
        "token": job.token,
        "version": job.version,
        "state_version": job.state_version,
        "ran": job.ran.begun if job.ran else None,
        "first": "scheduled" if job.states[1] == "scheduled" else None,
        "owner": job.wanted.owner or None,
        "unique": job.wanted.unique or None,
        "tags": job.tags,
        "start_before": job.start_before,
        "retention": job.wanted.retention or None,
        "cancel": 1 if job.has_cancel else None,
        "suspect": 1 if job.is_suspect else None,
        "reported": job.reported,
        "checkpoint": 1 if job.has_checkpointed else None,
        "follow_ups": job.wanted.follow_ups or None,
        "parent": job.parent,
        "followers": "\n".join(job.followers) or None,
        "progress": "\n".join(map(str, job.progress)) if job.progress else None,
    }
    return {name: str(value) for name, value in fields.items() if value is not None}


def _read(pipe: Any, name: str) -> None:  # noqa: ANN401 - as above
    sorted_sets = (
        keys.LANE,
        keys.SUSPECTS,
        keys.LEASES,
        keys.INDEX,
        keys.EXPIRY,
        keys.START_BEFORE,
        keys.TAG,
    )
    if name.startswith(sorted_sets):
        pipe.zrange(name, 0, -1, withscores=True)
    elif name.startswith((keys.JOB, keys.LANES, keys.LIMITS)) or name in {keys.LEDGER, keys.PULSE}:
        pipe.hgetall(name)
    elif name.startswith((keys.HISTORY, keys.LOG, keys.WAKE, keys.CLAIMED)):
        pipe.lrange(name, 0, -1)
    elif name == keys.QUEUES:
        pipe.smembers(name)
    elif name == keys.EVENTS:
        pipe.xrange(name)
    elif name.startswith((keys.PAYLOAD, keys.ENDED_PAYLOAD)):
        pipe.echo("payload")
    else:
        pipe.get(name)


def _value(value: Any) -> Value:  # noqa: ANN401 - a reply of any command
    is_sorted_set = isinstance(value, list) and value and isinstance(value[0], tuple)
    plain: Value = dict(value) if is_sorted_set else value
    return plain


def _by_job(entries: list[tuple[str, dict[str, str]]]) -> dict[str, list[str]]:
    """What the feed tells of each job, in its order."""
    told: dict[str, list[str]] = {}
    for _, fields in entries:
        for line in fields["changes"].split("\n"):
            job_id, _, rest = line.partition(" ")
            told.setdefault(job_id, []).append(rest)
    return told


def _summary(envelope: str) -> dict[str, str]:
    """The result's body: JSON, or the code alone of a problem that the engine made."""
    content = json.loads(envelope)
    body = content["r"]
    is_own = isinstance(body, dict) and body.get("type", "").removeprefix("/problems/") in {
        "worker-lost",
        "cancelled",
        "expired",
        "undecodable",
    }
    text = body["type"].removeprefix("/problems/") if is_own else json.dumps(body, separators=(",", ":"))
    return {"s": str(content["s"]), "t": str(content["t"]), "r": text}

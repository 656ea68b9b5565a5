"""What can be broken behind the engine's back, and what `afterwork doctor` says of it."""

from collections.abc import Callable, Sequence
from typing import Any

from tests.integration.engine.transitions import PROBLEM, Alpha, Beta, ScriptedWorker, Transitions, new_job

from afterwork.contracts import FollowUp
from afterwork.engine.doctor import checks
from afterwork.engine.doctor.checks import Check, State
from afterwork.engine.work.outcome import Cancelled, Done, Failed, Retry

Break = Callable[[Any], object]


def live_a_little(transitions: Transitions) -> None:
    """A job in every state, one of them with all that a job can have."""
    worker = ScriptedWorker(transitions)
    transitions.submit(*map(new_job, ["good", "bad", "unwanted", "retried"]))
    good, bad, unwanted, retried = sorted(worker.claim(4), key=lambda claim: "gbur".index(claim.id[0]))
    worker.finish(good, Done(b"1"))
    worker.finish(bad, Failed(PROBLEM))
    worker.finish(unwanted, Cancelled(PROBLEM))
    worker.checkpoint(retried, b"{}")
    worker.finish(retried, Retry(60, PROBLEM))
    transitions.submit(new_job("running"))
    worker.claim(1)
    transitions.submit(
        new_job("queued", Beta(), priority="low"),
        new_job(
            "rich",
            Alpha(queue="r"),
            unique_key="key",
            tags=["blue"],
            start_before=4_000_000_000_000,
            then=[FollowUp(kind="alpha.run", payload={})],
        ),
    )


def broken(found: Sequence[Check]) -> dict[str, tuple[str, ...]]:
    """Promise → codes."""
    return {check.promise: check.codes for check in found if check.state is State.BROKEN}


KEYS: list[tuple[str, str, Break]] = [
    (checks.LOST, "no-place", lambda redis: redis.zrem("aw:lane:q:beta.run:low", "queued")),
    (checks.LOST, "no-place", lambda redis: redis.zrem("aw:lane:q:alpha.run:normal", "running")),
    (checks.LOST, "not-indexed", lambda redis: redis.zrem("aw:ix:q:beta.run:waiting", "queued")),
    (checks.LOST, "not-indexed", lambda redis: redis.zrem("aw:ix:q:alpha.run:failed", "bad")),
    (checks.LOST, "misplaced", lambda redis: redis.zadd("aw:ix:q:alpha.run:failed", {"good": 1})),
    (checks.LOST, "misplaced", lambda redis: redis.zadd("aw:lane:q:beta.run:low", {"good": 1})),
    (checks.LOST, "misplaced", lambda redis: redis.zadd("aw:suspects:q", {"queued": 1})),
    (checks.LOST, "record-missing", lambda redis: redis.delete("aw:job:queued")),
    (checks.LOST, "record-missing", lambda redis: redis.delete("aw:job:good")),
    (checks.LOST, "record-broken", lambda redis: redis.hdel("aw:job:queued", "state")),
    (checks.LOST, "record-broken", lambda redis: redis.hset("aw:job:queued", "state", "lost")),
    (checks.LOST, "record-broken", lambda redis: redis.set("aw:job:queued", "text")),
    *(
        (checks.LOST, "record-broken", lambda redis, name=name: [redis.hset("aw:job:queued", name, "soon")])
        for name in (
            *("version", "state_version", "created", "due", "attempt", "claims", "deaths", "max_attempts", "timeout"),
        )
    ),
    *(
        (checks.LOST, "record-broken", lambda redis, name=name: redis.hdel("aw:job:queued", name))
        for name in ("max_attempts", "timeout", "deaths", "state_version")
    ),
    *(
        (checks.LOST, "record-broken", lambda redis, text=text: [redis.hset("aw:job:queued", "due", text)])
        for text in ("", "inf", "1e9", "0x10", "1.5")
    ),
    (checks.LOST, "record-broken", lambda redis: redis.hset("aw:job:queued", "retention", "x")),
    (checks.LOST, "record-broken", lambda redis: [redis.hset("aw:job:rich", "start_before", "x")]),
    (checks.LOST, "wrong-time", lambda redis: [redis.zadd("aw:lane:q:beta.run:low", {"queued": 9e15})]),
    (checks.LOST, "wrong-time", lambda redis: [redis.zadd("aw:lane:q:beta.run:low", {"queued": "inf"})]),
    (checks.LOST, "wrong-time", lambda r: [r.zincrby("aw:lane:q:alpha.run:normal", 700_000, "retried")]),
    (checks.LOST, "payload-missing", lambda redis: redis.delete("arq:job:queued")),
    *(
        (checks.LOST, "payload-missing", lambda redis, name=name: redis.delete(f"arq:job:{name}"))
        for name in ("good", "bad", "unwanted")
    ),
    *(
        (checks.LOST, "payload-broken", lambda redis, data=data: redis.set("arq:job:queued", data))
        for data in (b"", b"\xff\x00", b"[1]")
    ),
    *(
        (checks.LOST, "expiring", lambda redis, name=name: redis.expire(name, 1000))
        for name in (
            *("arq:job:queued", "arq:job:running", "arq:job:good", "aw:job:queued", "aw:job:good", "arq:result:good"),
            *("aw:checkpoint:retried", "aw:then:rich", "aw:history:bad", "aw:unique::alpha.run:key", "aw:tag:blue"),
            *("aw:lane:q:beta.run:low", "aw:leases:q", "aw:ix:q:alpha.run:failed", "aw:expiry", "aw:start-before"),
            *("aw:queues", "aw:lanes:q", "aw:ledger", "aw:pulse", "aw:events"),
        )
    ),
    *(
        (checks.LOST, "wrong-type", lambda r, name=name: [r.delete(name), r.copy("aw:lanes:q", name)])
        for name in (
            *("aw:history:bad", "aw:log:bad", "arq:retry:x", "aw:wake:q", "arq:abort", "aw:step:w:0", "aw:events"),
        )
    ),
    (checks.LOST, "then-missing", lambda redis: redis.delete("aw:then:rich")),
    (checks.LOST, "checkpoint-missing", lambda redis: redis.delete("aw:checkpoint:retried")),
    (checks.LOST, "lane-unknown", lambda redis: redis.srem("aw:queues", "r")),
    (checks.LOST, "lane-unknown", lambda redis: redis.hdel("aw:lanes:q", "beta.run")),
    (checks.LOST, "wrong-type", lambda redis: redis.set("aw:lane:q:beta.run:high", "text")),
    (checks.LOST, "wrong-type", lambda redis: redis.set("aw:limits:q", "text")),
    (checks.LOST, "wrong-type", lambda redis: [redis.hset("aw:lanes:q", "arq", ""), redis.set("q", "text")]),
    (checks.LOST, "checkpoint-missing", lambda r: r.copy("aw:history:retried", "aw:checkpoint:retried", replace=True)),
    (checks.SILENT, "result-missing", lambda redis: redis.delete("arq:result:bad")),
    (checks.SILENT, "tag-missing", lambda redis: redis.zrem("aw:tag:blue", "rich")),
    (checks.RECOVERY, "no-lease", lambda redis: redis.zrem("aw:leases:q", "running")),
    (checks.RECOVERY, "lease-lapsed", lambda redis: redis.zadd("aw:leases:q", {"running": 1})),
    (checks.RECOVERY, "lock-for-ever", lambda redis: redis.set("arq:in-progress:queued", "somebody")),
    (checks.RECOVERY, "start-unwatched", lambda redis: redis.zrem("aw:start-before", "rich")),
    (checks.LEFT, "never-swept", lambda redis: redis.zrem("aw:expiry", "good")),
    (checks.LEFT, "unique-held", lambda redis: redis.set("aw:unique::alpha.run:other", "good")),
    (checks.LEFT, "unique-missing", lambda redis: redis.delete("aw:unique::alpha.run:key")),
    (checks.LEFT, "orphan", lambda redis: redis.zadd("aw:tag:red", {"gone": 1})),
    (checks.LEFT, "orphan", lambda redis: redis.zadd("aw:expiry", {"gone": 1})),
    (checks.LEFT, "orphan", lambda redis: redis.zadd("aw:leases:q", {"gone": 1})),
    (checks.LEFT, "orphan", lambda redis: redis.zadd("aw:start-before", {"gone": 1})),
    *(
        (checks.LEFT, "orphan", lambda redis, name=name: redis.set(f"{name}gone", "x"))
        for name in ("arq:job:", "arq:in-progress:", "aw:payload:", "aw:checkpoint:", "aw:then:")
    ),
    (checks.LEFT, "orphan", lambda redis: redis.copy("arq:result:good", "arq:result:gone")),
    (checks.LEFT, "orphan", lambda redis: redis.rpush("aw:history:gone", "x")),
    (checks.LEFT, "orphan", lambda redis: redis.rpush("aw:log:gone", "x")),
    (checks.BOOKS, "ledger", lambda redis: redis.hincrby("aw:ledger", "accepted", 1)),
    (checks.BOOKS, "ledger", lambda redis: redis.hincrby("aw:ledger", "swept", 1)),
]  # fmt: skip

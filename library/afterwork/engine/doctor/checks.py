"""What is promised, each with its state and one sentence: judged from what was found, without asking anything."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from afterwork.contracts import Durability, Ledger
from afterwork.engine.doctor.examination import Examined
from afterwork.engine.server.check import ServerReport
from afterwork.engine.server.findings import Severity

CLOCK_TOLERANCE = 2.0
"""Seconds by which this machine's clock may differ from Redis'."""
PULSE_TOLERANCE = 60.0
"""Seconds by which the engine's time, which never goes back, may be ahead of Redis' clock."""


class State(StrEnum):
    """unknown: it could not be looked at."""

    KEPT = "kept"
    BROKEN = "broken"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Check:
    """One promise. text: one sentence. codes: what breaks it. examples: where, a few of each."""

    promise: str
    state: State
    text: str
    codes: tuple[str, ...] = ()
    examples: tuple[str, ...] = ()


FIT = "Redis can be used"
STORED = "Accepted means stored"
EVICTION = "Nothing is evicted"
SCRIPTS = "Every transition can run"
CLOCKS = "Clocks agree"
BOOKS = "The ledger balances"
LOST = "Never lost"
SILENT = "Never silent"
RECOVERY = "Crash recovery in seconds"
LEFT = "Nothing is left behind"
OF_KEYS = (LOST, SILENT, RECOVERY, LEFT)

_OF_SERVER = {
    STORED: (
        "memory-only",
        "no-fsync",
        "fsync-pauses",
        "append-only-fails",
        "replicas-missing",
        "replicas-untold",
    ),
    EVICTION: ("evicting", "evicting-volatile", "eviction-armed"),
}
_HIDDEN = ("config-hidden", "info-hidden")
_NOTED = ("everysec",)
_SAID: Mapping[str, Mapping[str, str]] = {
    LOST: {
        "record-missing": "ids stand in a lane or an index, and there is no record of their jobs",
        "record-broken": "records lack what every record has, or hold something else there",
        "not-indexed": "jobs are in no index of their state, so that no list shows them",
        "misplaced": "jobs stand where they do not belong",
        "no-place": "jobs that wait or run are in no lane, so that nobody will claim them",
        "lane-unknown": "jobs are of a queue or kind that is not in the lists of these",
        "wrong-time": "jobs that wait would be claimed long after their time",
        "payload-missing": "jobs have lost their payload",
        "payload-broken": "jobs wait with a payload that is none",
        "then-missing": "what is to follow jobs is gone",
        "checkpoint-missing": "checkpoints are gone",
        "expiring": "keys will expire that must not",
        "wrong-type": "keys hold something else than Afterwork keeps there",
    },
    SILENT: {
        "result-missing": "jobs have ended without a result or an error",
        "tag-missing": "jobs are not found by a tag of theirs",
    },
    RECOVERY: {
        "no-lease": "jobs run without a lease, so that nobody will take them back",
        "lease-lapsed": "leases have lapsed and nobody takes the jobs back: start a worker or a gateway",
        "lock-for-ever": "locks never expire, so that nobody will claim their jobs",
        "start-unwatched": "jobs would not be cancelled if they start too late",
    },
    LEFT: {
        "orphan": "keys belong to jobs that are gone",
        "never-swept": "jobs that have ended will never be removed",
        "unique-held": "unique keys are held by no live job, so that no new one can have them",
        "unique-missing": "live jobs have lost their unique key, so that another could have it",
    },
}  # fmt: skip
_KEPT = {
    LOST: "each job has its record, its place and its payload",
    SILENT: "each job that has ended has a result or an error",
    RECOVERY: "each job that runs has a lease, and none has lapsed unnoticed",
    LEFT: "no key belongs to a job that is gone",
}


def codes_of(promise: str) -> tuple[str, ...]:
    """What an examination can find that breaks one of OF_KEYS."""
    return tuple(_SAID[promise])


def on_server(report: ServerReport) -> Iterator[Check]:
    """What the server says of itself: whether it is fit, what it keeps, what it deletes."""
    mapped = {code: promise for promise, codes in _OF_SERVER.items() for code in codes}
    rest = [
        each for each in report.findings if each.code not in mapped and each.code not in (*_HIDDEN, *_NOTED)
    ]
    if not report.version and any(each.severity is Severity.FAULT for each in report.findings):
        yield Check(FIT, State.UNKNOWN, report.reason, tuple(each.code for each in report.findings))
        return
    version = f"{report.flavour} {report.version}".strip() or "a server that does not tell its version"
    yield _check(FIT, [(each.code, each.text) for each in rest], f"{version}, and it lets us write")
    hidden = [each.text for each in report.findings if each.code in _HIDDEN]
    good = {STORED: _DURABLE[report.durability], EVICTION: "maxmemory-policy is noeviction"}
    for promise in _OF_SERVER:
        broken = [(each.code, each.text) for each in report.findings if mapped.get(each.code) == promise]
        if hidden and not broken:
            yield Check(promise, State.UNKNOWN, "; ".join(hidden))
        else:
            yield _check(promise, broken, good[promise])


_DURABLE = {
    Durability.FSYNC: "a job that is accepted is on disk",
    Durability.REPLICA: "a job that is accepted is on disk here and on replicas",
    Durability.EVERYSEC: "a job that is accepted is on disk within about a second",
    Durability.MEMORY: "a job that is accepted is in memory only",
    Durability.UNKNOWN: "a job that is accepted is stored, and what that is worth cannot be told",
}


def on_scripts(refusals: Mapping[str, str], count: int) -> Check:
    """refusals: by the name of a script, why the server does not take it. count: of all."""
    broken = [(f"script {name}", f"{name}: {why}") for name, why in refusals.items()]
    return _check(SCRIPTS, broken, f"all {count} scripts load, and what they need is allowed")


def on_clocks(ahead: float, margin: float, pulse_ahead: float = 0.0) -> Check:
    """ahead: seconds by which Redis' clock is ahead of this machine's. margin: seconds that the question took.

    pulse_ahead: seconds by which the engine's time is ahead of Redis' clock, at least.
    """
    if abs(ahead) > CLOCK_TOLERANCE + margin:
        which = "ahead of" if ahead > 0 else "behind"
        text = f"Redis' clock is {abs(ahead):.0f} s {which} this machine's: let both follow a time server"
        return Check(CLOCKS, State.BROKEN, text, ("clocks",))
    if pulse_ahead > PULSE_TOLERANCE:
        text = (
            f"the engine's time, which never goes back, is {pulse_ahead:.0f} s ahead of Redis' clock:"
            " until that has caught up, jobs with a `run_at` start that much too early"
        )
        return Check(CLOCKS, State.BROKEN, text, ("time-ahead",))
    return Check(CLOCKS, State.KEPT, f"this machine's and Redis' differ by {abs(ahead):.1f} s at most")


def on_books(ledger: Ledger) -> Check:
    """The counts on both sides, at one instant."""
    came = ledger.accepted + ledger.adopted
    are = (
        ledger.scheduled
        + ledger.queued
        + ledger.running
        + ledger.succeeded
        + ledger.failed
        + ledger.cancelled
    )
    off = came - ledger.swept - are
    sums = f"{came} came, {ledger.swept} were swept, {are} are there"
    if off:
        text = f"{sums}: {abs(off)} {'are missing' if off > 0 else 'are too many'}"
        return Check(BOOKS, State.BROKEN, text, ("ledger",))
    return Check(BOOKS, State.KEPT, sums)


def on_keys(seen: Examined) -> Iterator[Check]:
    """What the examination found."""
    for promise in OF_KEYS:
        said = _SAID[promise]
        broken = [(code, f"{seen.faults[code]}: {said[code]}") for code in said if seen.faults[code]]
        examples = tuple(
            f"{code}: {example}" for code, _ in broken for example in seen.examples.get(code, ())
        )
        waiting = seen.faults["unadopted"] if promise == LOST else 0
        more = f"; {waiting} of stock ARQ clients wait to be claimed" if waiting else ""
        yield _check(promise, broken, _KEPT[promise] + more, examples)


def unknown(promises: Sequence[str], why: str) -> Iterator[Check]:
    """What could not be looked at."""
    for promise in promises:
        yield Check(promise, State.UNKNOWN, why)


def _check(
    promise: str, broken: Sequence[tuple[str, str]], good: str, examples: tuple[str, ...] = ()
) -> Check:
    if not broken:
        return Check(promise, State.KEPT, good)
    codes, texts = zip(*broken, strict=True)
    return Check(promise, State.BROKEN, "; ".join(texts), tuple(codes), examples)

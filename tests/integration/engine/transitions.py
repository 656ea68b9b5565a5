"""The engine's scripts called one at a time, by a clock that the test sets and workers that the test moves."""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, Self

from tests.integration.engine.views import Views
from tests.servers import RedisServer

from afterwork.contracts import Amendment, Contract, Durability, FollowUp, JobOptions, KindLimits, Priority
from afterwork.engine import keys, scripts
from afterwork.engine.jobs.submission import IdempotencyKey, Submission, Verdict
from afterwork.engine.jobs.wire import amendment_wire, submit_arguments, verdicts_of, wire
from afterwork.engine.jobs.workers import order_text
from afterwork.engine.scripts import Argument
from afterwork.engine.server import connection
from afterwork.engine.work.claims import Claim, Finish
from afterwork.engine.work.outcome import Outcome
from afterwork.engine.work.reports import Line, Report

CLOCK_KEY = "aw:test:now"
CLOCK = (
    "setmetatable({}, {__add = function(real)"
    f" return tonumber(redis.call('GET', '{CLOCK_KEY}') or real) end}})"
)
"""Stands where the scripts add their clock's offset: the time under CLOCK_KEY, if any, replaces the server's."""
START = 1_800_000_000_000
"""Where the tests' clock begins, in ms."""
PROBLEM = b'{"type":"/problems/handler-error","title":"t","status":500,"detail":"d"}'


class Alpha(Contract, kind="alpha.run", queue=None, max_attempts=3, timeout=60):
    """A kind of any queue."""

    queue: str = "q"
    text: str = ""

    def target_queue(self) -> str:
        """The queue named in the payload."""
        return self.queue


class Beta(Alpha, kind="beta.run", queue=None, max_attempts=2, timeout=30):
    """Another kind of any queue."""


def new_job(
    job_id: str,
    job: Contract | None = None,
    *,
    delay: float | None = None,
    run_at: datetime | None = None,
    priority: Priority | str = Priority.NORMAL,
    unique_key: str | None = None,
    idempotency: IdempotencyKey | None = None,
    owner: str = "",
    tags: Sequence[str] = (),
    start_before: int | None = None,
    retention: float | None = None,
    then: Sequence[FollowUp] = (),
) -> Submission:
    """A submission whose id is known beforehand; by default an Alpha in queue q. start_before: ms."""
    options = JobOptions(
        delay=delay,
        run_at=run_at,
        priority=Priority(priority),
        unique_key=unique_key,
        tags=list(tags),
        start_before=None if start_before is None else at(start_before),
        retention=retention,
        then=list(then),
    )
    return Submission(job or Alpha(), options, idempotency, owner, job_id)


def at(milliseconds: int) -> datetime:
    """A time of the tests' clock."""
    return datetime.fromtimestamp(milliseconds / 1000, UTC)


def report(claim: Claim, progress: bytes = b"", *lines: str) -> Report:
    """What an attempt has to tell. lines: at level info, each logged one ms before the next, the last one now."""
    ages = range(len(lines) - 1, -1, -1)
    kept = (Line(-age / 1000, "info", text) for age, text in zip(ages, lines, strict=True))
    return Report(claim.id, claim.token, progress, deque(kept, maxlen=keys.LOG_LENGTH))


@dataclass(frozen=True, slots=True)
class Stepped:
    """A reply of `step.lua`. next_due: ms, -1 if nothing waits."""

    verdicts: list[str]
    claims: list[Claim]
    next_due: int

    @property
    def ids(self) -> list[str]:
        """The jobs claimed, in order."""
        return [claim.id for claim in self.claims]


class Transitions(Views):
    """Calls scripts on one server. `now` is the time that they see, in ms."""

    def __init__(self, server: RedisServer) -> None:
        self.redis = server.client()
        self._scripts = connection.connect_sync(server.url)
        self.now = START
        self.set_clock(START)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.redis.close()
        self._scripts.close()

    def set_clock(self, now: int) -> None:
        """Let the scripts see this time, in ms."""
        self.now = now
        self.redis.set(CLOCK_KEY, now)

    def advance(self, milliseconds: int, *, is_heard: bool = True) -> None:
        """Let time pass, or set the clock back. is_heard: others are at work meanwhile; else Redis was away for all."""
        self.set_clock(self.now + milliseconds)
        last, ahead = (int(time or 0) for time in self.redis.hmget(keys.PULSE, "last", "ahead"))
        if is_heard and self.now + ahead > last:
            self.redis.hset(keys.PULSE, mapping=dict.fromkeys(["last", "heard"], self.now + ahead))

    def use_real_clock(self) -> None:
        """Let the scripts see the server's own time, where others that go by the clock take part."""
        self.redis.delete(CLOCK_KEY)

    def call(self, name: str, *arguments: Argument) -> Any:  # noqa: ANN401 - each script's own reply
        """Run a script as the engine does."""
        return scripts.call_sync(self._scripts, scripts.script(name, CLOCK), *arguments)

    def submit(self, *submissions: Submission) -> list[Verdict]:
        """One verdict per submission."""
        reply = self.call("submit", Durability.FSYNC, *submit_arguments(map(wire, submissions)))
        return verdicts_of(reply, [submission.id for submission in submissions], Durability.FSYNC)

    def cancel(self, job_id: str, if_version: int | str = "") -> str:
        """The script's answer."""
        return str(self.call("cancel", job_id, if_version).decode())

    def amend(self, job_id: str, amendment: Amendment, if_version: int | str = "") -> str:
        """The script's answer."""
        return str(self.call("amend", job_id, if_version, *amendment_wire(amendment)).decode())

    def retry(self, job_id: str) -> tuple[str, str]:
        """The script's answer, and who holds the unique key."""
        answer, holder = self.call("retry", job_id, "")
        return answer.decode(), holder.decode()

    def pause(self, queue: str, kind: str = "", *, paused: bool = True) -> str:
        """The script's answer. paused: False to resume."""
        return str(self.call("pause", queue, kind, int(paused)).decode())

    def limit(self, queue: str, kind: str, limits: KindLimits | None) -> str:
        """The script's answer. limits: None to go back to the contract's."""
        return str(self.call("limit", queue, kind, order_text(limits) if limits else "").decode())

    def mourn(self, queue: str, worker: str, *, lease: int = 1000, run: str | None = None) -> int:
        """How many jobs of a worker that is gone went back. run: the server's own by default."""
        run = run or self.redis.info("server")["run_id"]
        total = passed = 0
        while passed >= 0:
            buried, passed = self.call("mourn", lease, run, queue, worker, passed)
            total += buried
        return total

    def reap(self, *, lease: int = 1000) -> int:
        """How many lapsed leases were looked at."""
        return int(self.call("reap", lease))

    def sweep(self, max_finished: int = keys.MAX_FINISHED) -> int:
        """How many jobs were removed."""
        return int(self.call("sweep", max_finished))


class ScriptedWorker:
    """Makes the calls of a worker's loop and of its keeper at the test's command.

    lease: ms. Each process has a name of its own.
    """

    def __init__(
        self,
        transitions: Transitions,
        name: str = "w",
        *,
        queue: str = "q",
        kinds: Sequence[type[Contract]] = (Alpha, Beta),
        lease: int = 60_000,
    ) -> None:
        self.name = name
        self.queue = queue
        self.kinds = kinds
        self.lease = lease
        self.sequence = 0
        self._transitions = transitions
        self._made: list[list[Argument]] = []

    def step(
        self,
        slots: int = 0,
        finishes: Sequence[Finish] = (),
        *,
        reports: Sequence[Report] = (),
        suspect_running: bool = False,
    ) -> Stepped:
        """Report, finish and claim."""
        self.prepare(slots, finishes, reports=reports, suspect_running=suspect_running)
        return self.deliver(self.sequence)

    def prepare(
        self, slots: int, finishes: Sequence[Finish], *, reports: Sequence[Report] = (), suspect_running: bool
    ) -> None:
        """Make the next step, but do not send it yet."""
        self.sequence += 1
        arguments: list[Argument] = [self.name, self.queue, self.lease]
        arguments += [
            self.sequence,
            self.sequence * keys.BATCH_JOBS,
            slots,
            int(suspect_running),
            len(self.kinds),
        ]
        for kind in self.kinds:
            arguments += [kind.meta.kind, kind.meta.max_attempts, round(kind.meta.timeout * 1000)]
        arguments.append(len(reports))
        for one in reports:
            arguments += [one.job_id, one.token, *one.wire(0.0)]
        arguments.append(len(finishes))
        for finish in finishes:
            arguments += finish.wire(0.0)
        self._made.append(arguments)

    def deliver(self, sequence: int) -> Stepped:
        """Send a step: the last one, or an earlier one again, as a copy that was held up in the network."""
        return self._send(self._made[sequence - 1])

    def repeat(self) -> Stepped:
        """The last step again, as after a lost reply or a lost request."""
        return self._send(self._made[-1])

    def claim(self, slots: int = 64) -> list[Claim]:
        """Claim what is due."""
        return self.step(slots).claims

    def finish(self, claim: Claim, outcome: Outcome, last: Report | None = None) -> str:
        """End one claim; the verdict. last: what it had still to tell."""
        (verdict,) = self.step(0, [Finish(claim, outcome, last or Report())]).verdicts
        return verdict

    def report(self, claim: Claim, progress: bytes = b"", *lines: str) -> None:
        """Tell something of a claim, as `report` makes it."""
        self.step(reports=[report(claim, progress, *lines)])

    def checkpoint(self, claim: Claim, body: bytes) -> str:
        """The script's answer."""
        return str(self._transitions.call("checkpoint", claim.id, claim.token, body).decode())

    def renew(self, *claims: Claim) -> list[str]:
        """Extend leases; an answer per claim."""
        answers = self._transitions.call("renew", self.lease, *_pairs(claims))
        return [answer.decode() for answer in answers]

    def release(self, *claims: Claim) -> int:
        """Hand claims back; how many went."""
        return int(self._transitions.call("release", *_pairs(claims)))

    def _send(self, arguments: Sequence[Argument]) -> Stepped:
        verdicts, rows, next_due = self._transitions.call("step", *arguments)
        return Stepped([verdict.decode() for verdict in verdicts], [Claim.of(row) for row in rows], next_due)


def with_token(claim: Claim, token: str) -> Claim:
    """The claim as somebody would present it who never had it."""
    return replace(claim, token=token)


def _pairs(claims: Sequence[Claim]) -> list[str]:
    return [part for claim in claims for part in (claim.id, claim.token)]

"""The engine's scripts called one at a time, by a clock that the test sets and workers that the test moves."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from types import TracebackType
from typing import Any, Self

from tests.servers import RedisServer

from afterwork.contracts import Contract, Durability, JobOptions, Priority
from afterwork.engine import connection, keys, records, scripts
from afterwork.engine.claims import Claim, Finish
from afterwork.engine.outcome import Outcome
from afterwork.engine.scripts import Argument
from afterwork.engine.submission import IdempotencyKey, Submission, Verdict, wire

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
) -> Submission:
    """A submission whose id is known beforehand; by default an Alpha in queue q."""
    options = JobOptions(delay=delay, run_at=run_at, priority=Priority(priority), unique_key=unique_key)
    return Submission(job or Alpha(), options, idempotency, job_id)


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


class Transitions:
    """Calls scripts on one server. `now` is the time that they see, in ms."""

    def __init__(self, server: RedisServer) -> None:
        self.redis: Any = server.client()  # typed by redis-py as perhaps awaitable
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
        """Let time pass, or step back. is_heard: others are at work meanwhile; else Redis was away for all."""
        self.set_clock(self.now + milliseconds)
        if is_heard:
            self.redis.hset(keys.PULSE, "heard", self.now)

    def use_real_clock(self) -> None:
        """Let the scripts see the server's own time, where others that go by the clock take part."""
        self.redis.delete(CLOCK_KEY)

    def call(self, name: str, *arguments: Argument) -> Any:  # noqa: ANN401 - each script's own reply
        """Run a script as the engine does."""
        return scripts.call_sync(self._scripts, scripts.script(name, CLOCK), *arguments)

    def submit(self, *submissions: Submission) -> list[Verdict]:
        """One verdict per submission."""
        arguments = [argument for submission in submissions for argument in wire(submission)]
        rows = self.call("submit", Durability.FSYNC, *arguments)
        return [Verdict.of(row, Durability.FSYNC) for row in rows]

    def cancel(self, job_id: str) -> str:
        """The script's answer."""
        return str(self.call("cancel", job_id).decode())

    def retry(self, job_id: str) -> tuple[str, str]:
        """The script's answer, and who holds the unique key."""
        answer, holder = self.call("retry", job_id)
        return answer.decode(), holder.decode()

    def reap(self, *, lease: int = 1000) -> int:
        """How many lapsed leases were looked at."""
        return int(self.call("reap", lease))

    def sweep(self) -> int:
        """How many jobs were removed."""
        return int(self.call("sweep"))

    def ledger(self) -> dict[str, int]:
        """The counts by name."""
        return records.ledger_from(self.call("ledger")).model_dump()

    def list_page(
        self,
        state: str = "",
        kind: str = "",
        queue: str = "",
        *,
        size: int = 50,
        after: tuple[str, str] = ("", ""),
    ) -> tuple[list[str], tuple[str, str]]:
        """The ids of one page, and where the next one begins."""
        _, rows, created, last_id = self.call("list", state, kind, queue, size, *after)
        return [row[0].decode() for row in rows], (created.decode(), last_id.decode())

    def list_ids(self, state: str = "", kind: str = "", queue: str = "", *, size: int = 50) -> list[str]:
        """The ids of all pages, in order."""
        ids, after = self.list_page(state, kind, queue, size=size)
        while after[1]:
            more, after = self.list_page(state, kind, queue, size=size, after=after)
            ids += more
        return ids

    def record(self, job_id: str) -> dict[str, str]:
        """The record as it stands in Redis."""
        record: dict[str, str] = self.redis.hgetall(f"aw:job:{job_id}")
        return record


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
        suspect_running: bool = False,
    ) -> Stepped:
        """Finish and claim."""
        self.prepare(slots, finishes, suspect_running=suspect_running)
        return self.deliver(self.sequence)

    def prepare(self, slots: int, finishes: Sequence[Finish], *, suspect_running: bool) -> None:
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
        arguments.append(len(finishes))
        for finish in finishes:
            arguments += finish.wire()
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

    def finish(self, claim: Claim, outcome: Outcome) -> str:
        """End one claim; the verdict."""
        (verdict,) = self.step(0, [Finish(claim, outcome)]).verdicts
        return verdict

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

"""Random lives of jobs: every script is called as clients and workers do, and everything compared with the model."""

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from tests.integration.engine import invariants
from tests.integration.engine.choices import (
    ENDS,
    HOUR,
    JUMPS,
    LEASE,
    LOST,
    OUTCOMES,
    RETENTIONS,
    WHICH,
    submissions,
)
from tests.integration.engine.holder import Ask, Holder
from tests.integration.engine.keyspace import Snapshot, expected, snapshot
from tests.integration.engine.model import Model
from tests.integration.engine.model_job import ModelJob
from tests.integration.engine.transitions import (
    START,
    Alpha,
    Beta,
    ScriptedWorker,
    Stepped,
    Transitions,
    new_job,
    with_token,
)

from afterwork.contracts import Contract
from afterwork.engine import keys
from afterwork.engine.claims import Claim, Finish
from afterwork.engine.outcome import Outcome
from afterwork.engine.submission import Submission


class JobLives(RuleBasedStateMachine):
    """One example: a few jobs, three workers, and everything that may happen to them."""

    def __init__(self, transitions: Transitions) -> None:
        super().__init__()
        self.transitions = transitions
        self.redis = transitions.redis
        self.redis.flushall()
        transitions.set_clock(START)
        self.model = Model(START)
        self.spent: list[Claim] = []
        self.tokens: dict[tuple[str, str], int] = {}
        self.before: Snapshot | None = None
        self.incarnation = 0
        self.holders = [
            self._worker("q", Alpha, Beta),
            self._worker("q", Alpha),
            self._worker("r", Alpha, Beta),
        ]

    # ------------------------------------------------------------------------------------------ clients

    @initialize(items=st.lists(submissions(), min_size=4, max_size=8))
    def begins_with_jobs(self, items: list[Submission]) -> None:
        self.submit(items)

    @rule(items=st.lists(submissions(), min_size=1, max_size=4))
    def submit(self, items: list[Submission]) -> None:
        verdicts = self.transitions.submit(*items)
        assert [(verdict.name, verdict.id) for verdict in verdicts] == self.model.submit(items)

    @rule(which=WHICH)
    def cancel(self, which: int) -> None:
        job_id = self._some_id(which)
        assert self.transitions.cancel(job_id) == self.model.cancel(job_id)

    @rule(which=WHICH)
    def retry(self, which: int) -> None:
        job_id = self._some_id(which, ended=True)
        assert self.transitions.retry(job_id) == self.model.retry(job_id)

    @rule(which=WHICH)
    def retry_something_unfit(self, which: int) -> None:
        job_id = self._some_id(which)
        assert self.transitions.retry(job_id) == self.model.retry(job_id)

    @precondition(lambda self: self._ended_with_key())
    @rule(which=WHICH)
    def retry_when_another_has_taken_the_key(self, which: int) -> None:
        job = self._ended_with_key()[which % len(self._ended_with_key())]
        kind = next(kind for kind in (Alpha, Beta) if kind.meta.kind == job.kind)
        self.submit([new_job("taker", kind(queue=job.queue), unique_key=job.unique)])
        assert self.transitions.retry(job.id) == self.model.retry(job.id)

    @rule(jump=JUMPS)
    def time_passes(self, jump: int) -> None:
        self.transitions.advance(jump)
        self.model.now = self.transitions.now

    @rule(jump=RETENTIONS)
    def retention_ends(self, jump: int) -> None:
        self.time_passes(jump)
        assert self.transitions.sweep() == self.model.sweep()

    # ------------------------------------------------------------------------------------------ workers

    @rule(which=WHICH, slots=st.integers(0, 5), ends=ENDS, lost=LOST)
    def step(self, which: int, slots: int, ends: list[tuple[int, Outcome]], lost: str | None) -> None:
        holder = self.holders[which % len(self.holders)]
        if holder.awaits_reply:
            self._repeat(holder)
            return
        finishes = holder.end(ends)
        self.spent += [finish.claim for finish in finishes]
        self._step(holder, Ask(slots, finishes, holder.has_suspect), lost=lost)

    @precondition(lambda self: self._busy())
    @rule(which=WHICH, slots=st.integers(0, 2), ends=ENDS)
    def finish(self, which: int, slots: int, ends: list[tuple[int, Outcome]]) -> None:
        holder = self._busy()[which % len(self._busy())]
        finishes = holder.end(ends)
        self.spent += [finish.claim for finish in finishes]
        self._step(holder, Ask(slots, finishes, holder.has_suspect))

    @rule(which=WHICH, slots=st.integers(0, 5))
    def step_after_an_outage(self, which: int, slots: int) -> None:
        holder = self.holders[which % len(self.holders)]
        if not holder.awaits_reply:
            self._step(holder, Ask(slots, [], holder.has_suspect, reconnected=True))

    @rule(which=WHICH, old=WHICH)
    def copy_of_a_step_arrives_late(self, which: int, old: int) -> None:
        """The network held it up; nobody waits for its answer."""
        holder = self.holders[which % len(self.holders)]
        if holder.asked and not holder.awaits_reply:
            sequence = max(1, len(holder.asked) - old)
            self._compare(holder, sequence, holder.worker.deliver(sequence))

    @precondition(lambda self: self.spent)
    @rule(
        which=WHICH,
        old=WHICH,
        outcome=OUTCOMES,
        token=st.sampled_from([None, None, "", "nobody:0"]),
    )
    def finish_what_is_not_held(self, which: int, old: int, outcome: Outcome, token: str | None) -> None:
        """Repeated, stale and invented tokens."""
        holder = self.holders[which % len(self.holders)]
        (claim,) = self._some_spent(old)
        finish = Finish(claim if token is None else with_token(claim, token), outcome)
        if not holder.awaits_reply:
            self._step(holder, Ask(0, [finish], holder.has_suspect))

    @rule(which=WHICH, old=WHICH)
    def renew(self, which: int, old: int) -> None:
        holder = self.holders[which % len(self.holders)]
        claims = [*holder.held.values(), *self._some_spent(old)]
        assert holder.worker.renew(*claims) == self.model.renew(claims, LEASE)

    @rule(which=WHICH, some=st.lists(WHICH, max_size=3), old=WHICH)
    def release(self, which: int, some: list[int], old: int) -> None:
        holder = self.holders[which % len(self.holders)]
        claims = holder.drop(some) + self._some_spent(old)
        assert holder.worker.release(*claims) == self.model.release(claims)
        self.spent += claims

    @rule(which=WHICH)
    def worker_crashes(self, which: int) -> None:
        """It forgets everything; another process with another name takes its place."""
        holder = self.holders[which % len(self.holders)]
        self.spent += holder.held.values()
        self.holders[which % len(self.holders)] = self._worker(holder.worker.queue, *holder.worker.kinds)

    @rule(reconnected=st.booleans())
    def reap(self, *, reconnected: bool) -> None:
        answer = self.transitions.reap(lease=LEASE, reconnected=reconnected)
        assert answer == self.model.reap(LEASE, reconnected=reconnected)

    @rule(claims_again=st.booleans())
    def all_workers_die(self, *, claims_again: bool) -> None:
        """Nobody renews until all leases have lapsed, then somebody looks."""
        for which in range(len(self.holders)):
            self.worker_crashes(which)
        self.time_passes(LEASE + 1)
        self.reap(reconnected=False)
        if claims_again:
            self._step(self.holders[0], Ask(slots=3))

    @rule(which=WHICH)
    def idle_worker_takes_the_wake_up(self, which: int) -> None:
        queue = self.holders[which % len(self.holders)].worker.queue
        assert bool(self.redis.lpop(keys.WAKE + queue)) == (queue in self.model.woken)
        self.model.woken.discard(queue)

    # ------------------------------------------------------------------------------------------ mischief

    @precondition(lambda self: self._claimable())
    @rule(which=WHICH)
    def stock_worker_holds_a_lock(self, which: int) -> None:
        job = self._claimable()[which % len(self._claimable())]
        self.redis.set(keys.LOCK + job.id, "1", px=HOUR)
        job.has_foreign_lock = True
        self._claim_everything()
        job.has_foreign_lock = False
        self.redis.delete(keys.LOCK + job.id)

    @precondition(lambda self: self._claimable())
    @rule(which=WHICH)
    def payload_vanishes(self, which: int) -> None:
        job = self._claimable()[which % len(self._claimable())]
        self.redis.delete(keys.PAYLOAD + job.id)
        job.has_payload = False
        self._claim_everything()

    # ------------------------------------------------------------------------------------------ checks

    @invariant()
    def everything_is_as_the_model_says(self) -> None:
        seen = snapshot(self.redis)
        values, model = seen.values, expected(self.model)
        differing = sorted(key for key in values.keys() | model.keys() if values.get(key) != model.get(key))
        assert {key: values.get(key) for key in differing} == {key: model.get(key) for key in differing}
        assert self.transitions.ledger() == self.model.counts()
        invariants.check_places(seen)
        invariants.check_lifetimes(seen)
        if self.before is not None:
            invariants.check_versions(self.before, seen)
        self.before = seen

    @rule(which=WHICH, size=st.integers(1, 3))
    def list_shows_every_job_once(self, which: int, size: int) -> None:
        state = ["", "", "scheduled", "queued", "running", "succeeded", "failed", "cancelled"][which % 8]
        kind, queue = ["", Alpha.meta.kind][which // 8], ["", "q"][which % 2]
        assert self.transitions.list_ids(state, kind, queue, size=size) == self.model.listed(
            state, kind, queue
        )

    # ------------------------------------------------------------------------------------------ inside

    def _worker(self, queue: str, *kinds: type[Contract]) -> Holder:
        self.incarnation += 1
        name = f"w{self.incarnation}"
        return Holder(ScriptedWorker(self.transitions, name, queue=queue, kinds=kinds, lease=LEASE))

    def _step(self, holder: Holder, ask: Ask, *, lost: str | None = None) -> None:
        holder.asked.append(ask)
        holder.awaits_reply = lost is not None
        holder.worker.prepare(
            ask.slots, ask.finishes, suspect_running=ask.suspect_running, reconnected=ask.reconnected
        )
        if lost == "request":
            return
        reply = holder.worker.deliver(holder.worker.sequence)
        self._compare(holder, holder.worker.sequence, reply)
        if lost is None:
            holder.held |= {claim.id: claim for claim in reply.claims}

    def _repeat(self, holder: Holder) -> None:
        ask = holder.asked[-1]
        holder.asked[-1] = Ask(ask.slots, ask.finishes, ask.suspect_running, reconnected=True)
        holder.awaits_reply = False
        reply = holder.worker.repeat()
        self._compare(holder, holder.worker.sequence, reply)
        holder.held |= {claim.id: claim for claim in reply.claims}

    def _compare(self, holder: Holder, sequence: int, reply: Stepped) -> None:
        ask = holder.asked[sequence - 1]
        verdicts, ids, next_due = self.model.step(holder.model_step(ask, sequence, reply.claims))
        assert (reply.ids, reply.next_due) == (ids, next_due)
        assert len(reply.verdicts) == len(verdicts)
        assert all(verdict in right for verdict, right in zip(reply.verdicts, verdicts, strict=True))
        assert sum(claim.is_suspect for claim in reply.claims) <= 1
        for claim in reply.claims:
            job = self.model.jobs[claim.id]
            told = (claim.kind, claim.attempt, claim.max_attempts, claim.deaths, claim.is_suspect)
            assert told == (job.kind, job.attempt, job.max_attempts, job.deaths, job.is_suspect)
            assert (claim.created_ms, claim.timeout * 1000) == (job.created, job.timeout)
            assert self.tokens.setdefault((claim.id, claim.token), job.claims) == job.claims

    def _some_id(self, which: int, *, ended: bool = False) -> str:
        """Of a job, or of none."""
        ids = [job.id for job in self.model.jobs.values() if not (ended and job.is_live)]
        return ids[which % len(ids)] if ids and which < 15 else "unknown"

    def _some_spent(self, old: int) -> list[Claim]:
        """One that its worker holds no more, if there is any; mostly of a job that runs elsewhere by now."""
        jobs = self.model.jobs
        stale = [claim for claim in self.spent if claim.id in jobs and jobs[claim.id].state == "running"]
        claims = (old < 10 and stale) or self.spent
        return [claims[-1 - old % len(claims)]] if claims else []

    def _busy(self) -> list[Holder]:
        return [holder for holder in self.holders if holder.held and not holder.awaits_reply]

    def _ended_with_key(self) -> list[ModelJob]:
        return [job for job in self.model.jobs.values() if job.unique and not job.is_live]

    def _claimable(self) -> list[ModelJob]:
        """Jobs that the first worker would claim if it had slots for all."""
        holder = self.holders[0]
        if holder.awaits_reply:
            return []
        kinds = {kind.meta.kind for kind in holder.worker.kinds}
        standing = self.model.standing(holder.worker.queue, kinds)
        return [job for job in standing if job.state == "waiting" and job.place <= self.model.now]

    def _claim_everything(self) -> None:
        holder = self.holders[0]
        self._step(holder, Ask(keys.BATCH_JOBS, [], holder.has_suspect))

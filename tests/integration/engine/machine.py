"""Random lives of jobs: every script is called as clients and workers do, and everything compared with the model."""

from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, precondition, rule
from tests.integration.engine import invariants
from tests.integration.engine.books import Books
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
from tests.integration.engine.holder import Ask
from tests.integration.engine.keyspace import expected, snapshot
from tests.integration.engine.transitions import (
    Alpha,
    Beta,
    new_job,
    with_token,
)

from afterwork.engine import keys
from afterwork.engine.claims import Finish
from afterwork.engine.outcome import Outcome
from afterwork.engine.submission import Submission


class JobLives(Books):
    """One example: a few jobs, three workers, and everything that may happen to them."""

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
        self.model.now = self.model.heard = self.transitions.now

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

    @rule(jump=JUMPS)
    def redis_is_away(self, jump: int) -> None:
        """Nobody is heard meanwhile."""
        self.transitions.advance(jump, is_heard=False)
        self.model.now = self.transitions.now

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

    @rule()
    def reap(self) -> None:
        assert self.transitions.reap(lease=LEASE) == self.model.reap(LEASE)

    @rule(claims_again=st.booleans())
    def all_workers_die(self, *, claims_again: bool) -> None:
        """Nobody renews until all leases have lapsed, then somebody looks."""
        for which in range(len(self.holders)):
            self.worker_crashes(which)
        self.time_passes(LEASE + 1)
        self.time_passes(max(0, (self.model.holds or 0) - self.model.now))
        self.reap()
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

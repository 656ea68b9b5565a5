"""Random lives of jobs: every script is called as clients and workers do, and everything compared with the model."""

from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, precondition, rule
from tests.integration.engine import invariants
from tests.integration.engine.choices import (
    ENDS,
    HOUR,
    JUMPS,
    KEPT,
    LEASE,
    LOST,
    OUTCOMES,
    REPORTS,
    RESULT,
    RETENTIONS,
    TAGS,
    TOLD,
    VERSIONS,
    WHICH,
    amended_at,
    amendments,
    moved,
    submissions,
)
from tests.integration.engine.holder import Ask, Told
from tests.integration.engine.keyspace import expected, snapshot
from tests.integration.engine.operator_rules import OperatorRules
from tests.integration.engine.transitions import (
    START,
    Alpha,
    Beta,
    new_job,
    report,
    with_token,
)

from afterwork.contracts import Amendment
from afterwork.engine import keys
from afterwork.engine.jobs.submission import Submission
from afterwork.engine.work.outcome import Outcome


class JobLives(OperatorRules):
    """One example: a few jobs, three workers, and everything that may happen to them."""

    # ------------------------------------------------------------------------------------------ clients

    @initialize(items=st.lists(submissions(), min_size=4, max_size=8))
    def begins_with_jobs(self, items: list[Submission]) -> None:
        self.submit(items)

    @rule(items=st.lists(submissions(), min_size=1, max_size=4))
    def submit(self, items: list[Submission]) -> None:
        items = [moved(item, self.model.now - START) for item in items]
        verdicts = self.transitions.submit(*items)
        assert [(verdict.name, verdict.id) for verdict in verdicts] == self.model.submit(items)

    @rule(which=WHICH, version=VERSIONS)
    def cancel(self, which: int, version: str) -> None:
        job_id = self._some_id(which)
        if_version = self._some_version(job_id, version)
        assert self.transitions.cancel(job_id, if_version) == self.model.cancel(job_id, if_version)

    @rule(which=WHICH, amendment=amendments(), version=VERSIONS)
    def amend(self, which: int, amendment: Amendment, version: str) -> None:
        job_id = self._some_id(which)
        arguments = (
            job_id,
            amended_at(amendment, self.model.now - START),
            self._some_version(job_id, version),
        )
        assert self.transitions.amend(*arguments) == self.model.amend(*arguments)

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
        taker = new_job("taker", kind(queue=job.queue), unique_key=job.wanted.unique, owner=job.wanted.owner)
        self.submit([taker])
        assert self.transitions.retry(job.id) == self.model.retry(job.id)

    @rule(jump=JUMPS)
    def time_passes(self, jump: int) -> None:
        self.transitions.advance(jump)
        self.model.clock.advance(self.transitions.now, is_heard=True)

    @rule(jump=RETENTIONS, kept=KEPT)
    def retention_ends(self, jump: int, kept: int) -> None:
        self.time_passes(jump)
        assert self.transitions.sweep(kept) == self.model.sweep(kept)

    # ------------------------------------------------------------------------------------------ workers

    @rule(which=WHICH, slots=st.integers(0, 5), ends=ENDS, told=REPORTS, lost=LOST)
    def step(
        self,
        which: int,
        slots: int,
        ends: list[tuple[int, Outcome, Told]],
        told: list[tuple[int, Told]],
        lost: str | None,
    ) -> None:
        holder = self.holders[which % len(self.holders)]
        if holder.awaits_reply:
            self._repeat(holder)
            return
        finishes = holder.end(ends)
        self.spent += [finish.claim for finish in finishes]
        self._step(holder, Ask(slots, finishes, holder.tell(told), holder.has_suspect), lost=lost)

    @precondition(lambda self: self._busy())
    @rule(which=WHICH, slots=st.integers(0, 2), ends=ENDS)
    def finish(self, which: int, slots: int, ends: list[tuple[int, Outcome, Told]]) -> None:
        holder = self._busy()[which % len(self._busy())]
        finishes = holder.end(ends)
        self.spent += [finish.claim for finish in finishes]
        self._step(holder, Ask(slots, finishes, suspect_running=holder.has_suspect))

    @precondition(lambda self: self._followed())
    @rule(which=WHICH, slots=st.integers(0, 2))
    def succeed_and_be_followed(self, which: int, slots: int) -> None:
        holder, claim = self._followed()[which % len(self._followed())]
        del holder.held[claim.id]
        self.spent.append(claim)
        finish = holder.ending(claim, RESULT, report(claim))
        self._step(holder, Ask(slots, [finish], suspect_running=holder.has_suspect))

    @rule(jump=JUMPS)
    def redis_is_away(self, jump: int) -> None:
        """Nobody is heard meanwhile."""
        self.transitions.advance(jump, is_heard=False)
        self.model.clock.advance(self.transitions.now, is_heard=False)

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
        told=TOLD,
        token=st.sampled_from([None, None, "", "nobody:0"]),
    )
    def speak_of_what_is_not_held(
        self, which: int, old: int, outcome: Outcome, told: Told, token: str | None
    ) -> None:
        """Repeated, stale and invented tokens."""
        holder = self.holders[which % len(self.holders)]
        (claim,) = self._some_spent(old)
        claim = claim if token is None else with_token(claim, token)
        assert holder.worker.checkpoint(claim, b"{}") == self.model.checkpoint(claim, b"{}")
        last = report(claim, *told)
        if not holder.awaits_reply:
            self._step(holder, Ask(0, [holder.ending(claim, outcome, last)], [last], holder.has_suspect))

    @precondition(lambda self: self._busy())
    @rule(which=WHICH, body=st.sampled_from([b"[]", b'{"at":7}']))
    def checkpoint(self, which: int, body: bytes) -> None:
        holder = self._busy()[which % len(self._busy())]
        claim = list(holder.held.values())[which % len(holder.held)]
        assert holder.worker.checkpoint(claim, body) == self.model.checkpoint(claim, body)

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

    @rule(which=WHICH)
    def worker_crashes_and_is_missed(self, which: int) -> None:
        """Somebody finds that it is not connected any more."""
        worker = self.holders[which % len(self.holders)].worker
        self.worker_crashes(which)
        taken = self.transitions.mourn(worker.queue, worker.name, lease=LEASE)
        assert taken == self.model.mourn(LEASE, worker.queue, worker.name)

    @rule()
    def reap(self) -> None:
        assert self.transitions.reap(lease=LEASE) == self.model.reap(LEASE)

    @rule(claims_again=st.booleans())
    def all_workers_die(self, *, claims_again: bool) -> None:
        """Nobody renews until all leases have lapsed, then somebody looks."""
        for which in range(len(self.holders)):
            self.worker_crashes(which)
        self.time_passes(LEASE + 1)
        self.time_passes(max(0, (self.model.clock.holds or 0) - self.model.now))
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
        invariants.check_tags(seen)
        invariants.check_lifetimes(seen)
        if self.before is not None:
            invariants.check_versions(self.before, seen)
        self.before = seen

    @rule(which=WHICH, size=st.integers(1, 3), tags=TAGS, old=WHICH)
    def list_shows_every_job_once(self, which: int, size: int, tags: list[str], old: int) -> None:
        state = ["", "", "scheduled", "queued", "running", "succeeded", "failed", "cancelled"][which % 8]
        kind, queue, tag = ["", Alpha.meta.kind][which // 8], ["", "q"][which % 2], "".join(tags[:1])
        job = self.model.jobs.get(self._some_id(old))
        since = job.created if job else ""
        ids = self.transitions.list_ids(state, kind, queue, tag=tag, created_after=since, size=size)
        assert ids == self.model.listed(state, kind, queue, tag, since)

    @rule(which=WHICH, old=st.integers(0, 8))
    def events_tell_what_happened(self, which: int, old: int) -> None:
        job = self.model.jobs.get(self._some_id(which))
        if job is None:
            return
        after = max(0, job.version - old)
        told = self.model.told(job)
        assert dict(self.transitions.states(job.id, after)) == {v: told[v] for v in told if v > after}

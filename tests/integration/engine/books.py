"""What a random life of jobs stands on: the workers, the model beside them, and the comparison of both."""

from itertools import count

from hypothesis.stateful import RuleBasedStateMachine
from tests.integration.engine.choices import (
    LEASE,
)
from tests.integration.engine.holder import Ask, Holder
from tests.integration.engine.keyspace import Snapshot
from tests.integration.engine.model import Model
from tests.integration.engine.model_job import ModelJob
from tests.integration.engine.transitions import (
    START,
    Alpha,
    Beta,
    ScriptedWorker,
    Stepped,
    Transitions,
)

from afterwork.contracts import Contract
from afterwork.engine import keys
from afterwork.engine.work.claims import Claim
from afterwork.engine.work.following import Following


class Books(RuleBasedStateMachine):
    """A few workers and the model. The rules stand in `machine.py`."""

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
        self._numbers = count()
        self.holders = [
            self._worker("q", Alpha, Beta),
            self._worker("q", Alpha),
            self._worker("r", Alpha, Beta),
        ]

    def _worker(self, queue: str, *kinds: type[Contract]) -> Holder:
        self.incarnation += 1
        name = f"w{self.incarnation}"
        worker = ScriptedWorker(self.transitions, name, queue=queue, kinds=kinds, lease=LEASE)
        own = {kind.meta.kind: kind for kind in kinds}
        return Holder(worker, Following(queue, own, lambda: f"next-{next(self._numbers):04}"))

    def _step(self, holder: Holder, ask: Ask, *, lost: str | None = None) -> None:
        holder.asked.append(ask)
        holder.awaits_reply = lost is not None
        holder.worker.prepare(
            ask.slots, ask.finishes, reports=ask.reports, suspect_running=ask.suspect_running
        )
        if lost == "request":
            return
        reply = holder.worker.deliver(holder.worker.sequence)
        self._compare(holder, holder.worker.sequence, reply)
        if lost is None:
            holder.held |= {claim.id: claim for claim in reply.claims}

    def _repeat(self, holder: Holder) -> None:
        holder.awaits_reply = False
        reply = holder.worker.repeat()
        self._compare(holder, holder.worker.sequence, reply)
        holder.held |= {claim.id: claim for claim in reply.claims}

    def _compare(self, holder: Holder, sequence: int, reply: Stepped) -> None:
        ask = holder.asked[sequence - 1]
        step = holder.model_step(ask, sequence, reply.claims)
        verdicts, ids, next_due = self.model.step(step, self._expired(ask))
        assert (reply.ids, reply.next_due) == (ids, next_due)
        assert len(reply.verdicts) == len(verdicts)
        assert all(verdict in right for verdict, right in zip(reply.verdicts, verdicts, strict=True))
        assert sum(claim.is_suspect for claim in reply.claims) <= 1
        for claim in reply.claims:
            job = self.model.jobs[claim.id]
            told = (claim.kind, claim.attempt, claim.max_attempts, claim.deaths, claim.is_suspect)
            assert told == (job.kind, job.attempt, job.max_attempts, job.deaths, job.is_suspect)
            assert (claim.created_ms, claim.timeout * 1000) == (job.created, job.timeout)
            assert claim.checkpoint.decode() == (job.checkpoint or "")
            assert claim.then.decode() == (job.wanted.then if job.has_then else "")
            assert self.tokens.setdefault((claim.id, claim.token), job.claims) == job.claims

    def _expired(self, ask: Ask) -> set[str]:
        """Jobs that wait by the model, and that the server has cancelled since: the model says whether it might."""
        waiting = [job.id for job in self.model.jobs.values() if job.state == "waiting"]
        waiting += [follower.id for finish in ask.finishes for follower in finish.followers]
        return {job_id for job_id in waiting if self.redis.hget(keys.JOB + job_id, "state") == "cancelled"}

    def _some_version(self, job_id: str, which: str) -> int | str:
        """The one that the job has, an older one, or none."""
        job = self.model.jobs.get(job_id)
        if job is None or not which:
            return which and 1
        return job.version - (which == "old")

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

    def _followed(self) -> list[tuple[Holder, Claim]]:
        """What is held and something is to follow."""
        return [(holder, claim) for holder in self._busy() for claim in holder.held.values() if claim.then]

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
        self._step(holder, Ask(keys.BATCH_JOBS, suspect_running=holder.has_suspect))

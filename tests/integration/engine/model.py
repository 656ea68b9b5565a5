"""What the scripts promise, in plain Python: a model that predicts every answer and the whole state afterwards."""

from collections.abc import Sequence
from collections.abc import Set as AbstractSet

from tests.integration.engine.model_claims import ModelClaims
from tests.integration.engine.model_job import ModelJob, ModelStep, Wanted, plain

from afterwork.contracts import Amendment, KindLimits
from afterwork.engine.jobs.submission import Submission, milliseconds_of
from afterwork.engine.work.claims import Claim, Finish
from afterwork.engine.work.following import Follower
from afterwork.engine.work.reports import Report


class Model(ModelClaims):
    """Each method answers as the script of the same name."""

    def __init__(self, raw: int) -> None:
        super().__init__(raw)
        self._steps: dict[tuple[str, int], tuple[int, list[tuple[str, str]]]] = {}

    # ------------------------------------------------------------------------------------------ clients

    def submit(self, submissions: Sequence[Submission]) -> list[tuple[str, str]]:
        """Name and id of each verdict."""
        self.clock.tick()
        return [self._submit(Wanted.of(submission)) for submission in submissions]

    def cancel(self, job_id: str, if_version: int | str = "") -> str:
        """The answer of `cancel.lua`."""
        job = self.jobs.get(job_id)
        if job is None:
            return "missing"
        if if_version not in {"", job.version}:
            return "changed"
        if job.state == "waiting":
            self.clock.tick()
            self.settle(job, "cancelled", "cancelled")
            return "cancelled"
        if job.state != "running":
            return "finished"
        if not job.has_cancel:
            job.has_cancel = True
            job.version += 1
        return "requested"

    def amend(self, job_id: str, amendment: Amendment, if_version: int | str = "") -> str:
        """The answer of `amend.lua`."""
        job = self.jobs.get(job_id)
        if job is None:
            return "missing"
        if if_version not in {"", job.version}:
            return "changed"
        if job.state != "waiting":
            return "running" if job.state == "running" else "finished"
        self.clock.tick()
        due = milliseconds_of(amendment.run_at) if amendment.run_at else None
        if due is not None and job.never_started_by(due + 1):
            return "too-late"
        before = job.due
        if due is not None or amendment.priority:
            job.due = job.due if due is None else max(self.now, due)
            job.level = amendment.priority or job.level
            job.place = job.due
            self.woken.add(job.queue)
        if amendment.tags is not None:
            job.tags = "\n".join(amendment.tags)
        if job.due != before:
            self.enter(job, "waiting")
            self.mark(job)
        else:
            job.version += amendment != Amendment()
        return "amended"

    def retry(self, job_id: str) -> tuple[str, str]:
        """The answer of `retry.lua`."""
        job = self.jobs.get(job_id)
        if job is None:
            return "missing", ""
        if job.is_live:
            return "unfinished", ""
        if job.state == "succeeded":
            return "succeeded", ""
        if job.unique and (holder := self.unique.get(job.unique)):
            return "duplicate", holder
        if not job.has_payload:
            return "payload-missing", ""
        self.clock.tick()
        self.mark_end(job)
        job.has_cancel = job.is_suspect = False
        job.token = job.worker = job.started = job.finished = job.expires = job.body = job.start_before = None
        job.attempt = job.deaths = 0
        if job.unique:
            self.unique[job.unique] = job.id
        self.put_back(job, self.now, 0)
        self.mark(job)
        return "retried", ""

    def sweep(self, max_finished: int) -> int:
        """Remove what has expired, or else what expires first of those that are too many."""
        ended = [job for job in self.jobs.values() if job.expires is not None]
        ended.sort(key=lambda job: (job.expires, job.id))
        gone = [job for job in ended if job.expires is not None and job.expires <= self.now]
        return self.remove(ended[: max(len(gone), len(ended) - max_finished)])

    # ------------------------------------------------------------------------------------------ operators

    def pause(self, queue: str, kind: str, *, paused: bool) -> str:
        """The answer of `pause.lua`."""
        if answer := self._unknown(queue, kind):
            return answer
        if paused:
            self.gates.paused.add((queue, kind))
        else:
            self.gates.paused.discard((queue, kind))
            self.woken.add(queue)
        return "done"

    def limit(self, queue: str, kind: str, limits: KindLimits | None) -> str:
        """The answer of `limit.lua`; None: back to the contract's."""
        if answer := self._unknown(queue, kind):
            return answer
        self.gates.set_limits(queue, kind, limits)
        self.woken.add(queue)
        return "done"

    def _unknown(self, queue: str, kind: str) -> str:
        if queue not in self.known:
            return "missing-queue"
        return "missing-kind" if kind and kind not in self.known[queue] else ""

    # ------------------------------------------------------------------------------------------ workers

    def step(self, step: ModelStep, expired: AbstractSet[str]) -> tuple[list[set[str]], list[str], int]:
        """The verdicts that are right for each finish, the ids claimed, and ms until the next due time."""
        self.clock.hear(step.lease)
        for report in step.reports:
            self._report(report, step.sequence)
        verdicts = [self._finish(finish) for finish in step.finishes]
        number = (step.worker, step.sequence % 2)
        sequence, taken = self._steps.get(number, (0, []))
        if step.slots and sequence > step.sequence:
            return verdicts, [], -1
        if step.slots and sequence == step.sequence:
            return verdicts, [job_id for job_id, token in taken if self.held(job_id, token)], 0
        self._take_back(step.queue)
        claimed = self.claim(step, expired)
        if step.slots:
            self._steps[number] = (step.sequence, [(claim.id, claim.token) for claim in step.seen])
        next_due = self.next_due(step)
        has_gates = any(self.gates.has_any(step.queue, kind.meta.kind) for kind in step.kinds)
        if next_due == 0 and (step.slots or has_gates):
            self.woken.add(step.queue)
        return verdicts, claimed, next_due

    def renew(self, claims: Sequence[Claim], lease: int) -> list[str]:
        """The answers of `renew.lua`."""
        answers = []
        self.clock.hear(lease)
        for claim in claims:
            if job := self.held(claim.id, claim.token):
                job.lease = job.place = self.now + lease
                answers.append("cancel" if job.has_cancel else "ok")
            else:
                answers.append("lost")
        return answers

    def release(self, claims: Sequence[Claim]) -> int:
        """How many claims went back."""
        self.clock.tick()
        held = [job for claim in claims if (job := self.held(claim.id, claim.token))]
        for job in held:
            self.remember(job, self.after(job, job.due), "released")
            job.token = None
            self.put_back(job, job.due, job.attempt - 1)
        return len(held)

    def checkpoint(self, claim: Claim, body: bytes) -> str:
        """The answer of `checkpoint.lua`."""
        job = self.held(claim.id, claim.token)
        if job is None:
            return "lost"
        job.checkpoint, job.has_checkpointed = body.decode(), True
        return "ok"

    def mourn(self, lease: int, queue: str, worker: str) -> int:
        """How many jobs of a worker that is gone went back."""
        self.clock.hear(lease)
        held = [
            job
            for job in self.jobs.values()
            if job.state == "running" and job.worker == worker and job.queue == queue
        ]
        if self.clock.holds is not None and self.clock.holds > self.now:
            return 0
        for job in held:
            self.bury(job)
        return len(held)

    def reap(self, lease: int) -> int:
        """How many lapsed leases, and jobs that were not started in time, were looked at."""
        self.clock.hear(lease)
        reaped = sum(self._take_back(queue) for queue in self.known)
        late = [job for job in self.jobs.values() if job.is_start_awaited and job.never_started_by(self.now)]
        for job in late:
            self.settle(job, "cancelled", "expired")
        return reaped + len(late)

    # ------------------------------------------------------------------------------------------ inside

    def _submit(self, wanted: Wanted) -> tuple[str, str]:
        if wanted.id in self.jobs:
            return "same", wanted.id
        if wanted.scope in self.idempotency:
            first_body, first_id = self.idempotency[wanted.scope]
            return ("same" if first_body == wanted.body else "mismatch"), first_id
        holder = self.unique.get((wanted.owner, wanted.kind, wanted.unique))
        if holder:
            return "duplicate", holder
        self.accept(wanted)
        if wanted.scope:
            self.idempotency[wanted.scope] = (wanted.body, wanted.id)
        return "stored", wanted.id

    def _report(self, report: Report, sequence: int) -> None:
        job = self.held(report.job_id, report.token)
        if job is not None and sequence > (job.reported or 0):
            self.note(job, report)
            job.reported = sequence
            job.version += 1

    def _finish(self, finish: Finish) -> set[str]:
        job = self.jobs.get(finish.claim.id)
        if job is None or job.token != finish.claim.token:
            return {"lost"}
        if job.state != "running":
            return {"already"}
        outcome, body, is_told, *told = map(plain, finish.wire(0.0)[2:7])
        delay, error = told if is_told else ("0", "")
        due = job.due if outcome == "released" else self.now + int(delay)
        self.note(job, finish.report)
        match outcome:
            case "succeeded" | "failed" | "cancelled" as state:
                self.remember(job, state, error)
                self.settle(job, state, body)
                job.followers = [self._follow(job, follower) for follower in finish.followers]
            case _:
                self.remember(job, self.after(job, due), "released" if outcome == "released" else error)
                self.put_back(job, due, job.attempt if outcome == "retry" else job.attempt - 1)
        return {"ok"}

    def _follow(self, parent: ModelJob, follower: Follower) -> str:
        wanted = Wanted.following(follower, parent.wanted.owner)
        if holder := self.unique.get((wanted.owner, wanted.kind, wanted.unique)):
            return holder
        job = self.accept(wanted)
        job.parent = parent.id
        if follower.problem:
            self.settle(job, "failed", plain(follower.problem))
        return job.id

    def _take_back(self, queue: str) -> int:
        lapsed = [
            job
            for job in self.jobs.values()
            if job.queue == queue and job.lease is not None and job.lease <= self.now
        ]
        for job in lapsed:
            if self.clock.holds is not None and self.clock.holds > self.now:
                job.lease = job.place = self.clock.holds
            else:
                self.bury(job)
        return len(lapsed)

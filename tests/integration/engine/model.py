"""What the scripts promise, in plain Python: a model that predicts every verdict and the whole state afterwards."""

from collections import Counter
from collections.abc import Iterator, Sequence

from tests.integration.engine.model_job import End, ModelJob, ModelStep, next_of, plain

from afterwork.engine import keys
from afterwork.engine.claims import Claim, Finish
from afterwork.engine.submission import Submission, wire


class Model:
    """All jobs, and what is known beside them. `now` is set from outside."""

    def __init__(self, now: int) -> None:
        self.now = now
        self.jobs: dict[str, ModelJob] = {}
        self.unique: dict[tuple[str, str], str] = {}
        self.idempotency: dict[str, tuple[str, str]] = {}
        self.woken: set[str] = set()
        self.known: dict[str, set[str]] = {}
        self.accepted = self.swept = 0
        self.heard: int | None = None
        self.holds: int | None = None
        self._steps: dict[str, tuple[int, list[tuple[str, str]]]] = {}

    # ------------------------------------------------------------------------------------------ clients

    def submit(self, submissions: Sequence[Submission]) -> list[tuple[str, str]]:
        """Name and id of each verdict."""
        return [self._submit(submission) for submission in submissions]

    def cancel(self, job_id: str) -> str:
        """The answer of `cancel.lua`."""
        job = self.jobs.get(job_id)
        if job is None:
            return "missing"
        if job.state == "waiting":
            self._settle(job, "cancelled", "cancelled")
            return "cancelled"
        if job.state != "running":
            return "finished"
        job.has_cancel = True
        return "requested"

    def retry(self, job_id: str) -> tuple[str, str]:
        """The answer of `retry.lua`."""
        job = self.jobs.get(job_id)
        if job is None:
            return "missing", ""
        if job.is_live:
            return "unfinished", ""
        if job.state == "succeeded":
            return "succeeded", ""
        if holder := self.unique.get((job.kind, job.unique)):
            return "duplicate", holder
        if not job.has_payload:
            return "payload-missing", ""
        job.has_cancel = job.is_suspect = False
        job.token = job.worker = job.started = job.finished = job.expires = job.body = None
        job.attempt = job.deaths = 0
        job.state, job.due, job.place = "waiting", self.now, self.now
        if job.unique:
            self.unique[job.kind, job.unique] = job.id
        self.woken.add(job.queue)
        return "retried", ""

    def sweep(self) -> int:
        """Remove what has expired."""
        gone = [job for job in self.jobs.values() if job.expires is not None and job.expires <= self.now]
        for job in gone:
            del self.jobs[job.id]
        self.swept += len(gone)
        return len(gone)

    # ------------------------------------------------------------------------------------------ workers

    def step(self, step: ModelStep) -> tuple[list[set[str]], list[str], int]:
        """The verdicts that are right for each finish, the ids claimed, and ms until the next due time."""
        self._hear(step.lease)
        verdicts = [self._finish(finish) for finish in step.finishes]
        sequence, taken = self._steps.get(step.worker, (0, []))
        if step.slots and sequence > step.sequence:
            return verdicts, [], -1
        if step.slots and sequence == step.sequence:
            return verdicts, [job_id for job_id, token in taken if self._holds(job_id, token)], 0
        self._take_back(step.queue)
        claimed = self._claim(step)
        if step.slots:
            self._steps[step.worker] = (step.sequence, [(claim.id, claim.token) for claim in step.seen])
        kinds = {kind.meta.kind for kind in step.kinds}
        places = [job.place for job in self.standing(step.queue, kinds)]
        next_due = max(0, min(places) - self.now) if places else -1
        if next_due == 0 and step.slots:
            self.woken.add(step.queue)
        return verdicts, claimed, next_due

    def renew(self, claims: Sequence[Claim], lease: int) -> list[str]:
        """The answers of `renew.lua`."""
        answers = []
        self._hear(lease)
        for claim in claims:
            if self._holds(claim.id, claim.token):
                job = self.jobs[claim.id]
                job.lease = job.place = self.now + lease
                answers.append("cancel" if job.has_cancel else "ok")
            else:
                answers.append("lost")
        return answers

    def release(self, claims: Sequence[Claim]) -> int:
        """How many claims went back."""
        held = [self.jobs[claim.id] for claim in claims if self._holds(claim.id, claim.token)]
        for job in held:
            job.token = None
            self._put_back(job, job.due, job.attempt - 1)
        return len(held)

    def reap(self, lease: int) -> int:
        """How many lapsed leases were looked at."""
        self._hear(lease)
        return sum(self._take_back(queue) for queue in self.known)

    # ------------------------------------------------------------------------------------------ views

    def standing(self, queue: str, kinds: set[str]) -> Iterator[ModelJob]:
        """The jobs in the lanes of these kinds."""
        for job in self.jobs.values():
            if job.is_live and not job.is_suspect and job.queue == queue and job.kind in kinds:
                yield job

    def shown_state(self, job: ModelJob) -> str:
        """As clients see it."""
        if job.state != "waiting":
            return job.state
        return "scheduled" if job.due > self.now else "queued"

    def listed(self, state: str, kind: str, queue: str) -> list[str]:
        """Ids, newest first, filtered where a filter is given."""
        jobs = [
            job
            for job in self.jobs.values()
            if state in {"", self.shown_state(job)} and kind in {"", job.kind} and queue in {"", job.queue}
        ]
        return [job.id for job in sorted(jobs, key=lambda job: (job.created, job.id), reverse=True)]

    def counts(self) -> dict[str, int]:
        """The ledger, which counts by place: a job that a foreign lock puts off is scheduled there."""
        states = Counter(
            "scheduled" if job.state == "waiting" and job.place > self.now else job.state
            for job in self.jobs.values()
        )
        states["queued"] = states["waiting"]
        names = ("scheduled", "queued", "running", "succeeded", "failed", "cancelled")
        rest = {"accepted": self.accepted, "adopted": 0, "swept": self.swept, "imbalance": 0}
        return {name: states[name] for name in names} | rest

    # ------------------------------------------------------------------------------------------ inside

    def _submit(self, submission: Submission) -> tuple[str, str]:
        job_id, queue, kind, level, clock, ms, attempts, timeout, unique, scope, body, _ = map(
            plain, wire(submission)
        )
        if job_id in self.jobs:
            return "same", job_id
        if scope in self.idempotency:
            first_body, first_id = self.idempotency[scope]
            return ("same" if first_body == body else "mismatch"), first_id
        if holder := self.unique.get((kind, unique)):
            return "duplicate", holder
        due = self.now + int(ms) if clock == "delay" else max(self.now, int(ms))
        self.jobs[job_id] = ModelJob(
            job_id, queue, kind, level, self.now, due, int(attempts), int(timeout), unique, place=due
        )
        if unique:
            self.unique[kind, unique] = job_id
        if scope:
            self.idempotency[scope] = (body, job_id)
        self.known.setdefault(queue, set()).add(kind)
        self.woken.add(queue)
        self.accepted += 1
        return "stored", job_id

    def _holds(self, job_id: str, token: str) -> bool:
        job = self.jobs.get(job_id)
        return job is not None and job.state == "running" and job.token == token

    def _finish(self, finish: Finish) -> set[str]:
        job = self.jobs.get(finish.claim.id)
        if job is None or job.token != finish.claim.token:
            return {"lost"}
        if job.state != "running":
            return {"already"}
        _, _, outcome, delay, body, error = finish.wire()
        if outcome != "released":
            self._remember(job, plain(error))
        match outcome:
            case "retry":
                self._put_back(job, self.now + int(delay), job.attempt)
            case "snoozed":
                self._put_back(job, self.now + int(delay), job.attempt - 1)
            case "released":
                self._put_back(job, job.due, job.attempt - 1)
            case "succeeded" | "failed" | "cancelled" as state:
                self._settle(job, state, plain(body))
        return {"ok"}

    def _hear(self, lease: int) -> None:
        if self.heard is not None and self.now - self.heard >= lease / 2:
            self.holds = self.now + lease
        self.holds = self.holds or 0
        self.heard = self.now

    def _take_back(self, queue: str) -> int:
        lapsed = [
            job
            for job in self.jobs.values()
            if job.queue == queue and job.lease is not None and job.lease <= self.now
        ]
        for job in lapsed:
            if self.holds is not None and self.holds > self.now:
                job.lease = job.place = self.holds
            else:
                self._bury(job)
        return len(lapsed)

    def _bury(self, job: ModelJob) -> None:
        self._remember(job, "worker-lost")
        job.token = None
        job.deaths += 1
        if job.deaths == keys.MAX_DEATHS and not job.has_cancel:
            self._settle(job, "failed", "worker-lost")
        else:
            job.is_suspect = job.deaths >= keys.MAX_DEATHS - 1
            self._put_back(job, job.due, job.attempt - 1)

    def _put_back(self, job: ModelJob, due: int, attempt: int) -> None:
        job.lease = None
        if job.has_cancel:
            self._settle(job, "cancelled", "cancelled")
            return
        job.state, job.due, job.place, job.attempt = "waiting", due, due, attempt
        self.woken.add(job.queue)

    def _settle(self, job: ModelJob, state: End, body: str) -> None:
        job.state, job.finished, job.body, job.lease = state, self.now, body, None
        job.expires = self.now + keys.KEEP_MS[state]
        if self.unique.get((job.kind, job.unique)) == job.id:
            del self.unique[job.kind, job.unique]

    def _remember(self, job: ModelJob, error: str) -> None:
        assert job.started is not None
        assert job.worker is not None
        job.history.append((job.attempt, job.started, self.now, job.worker, error))
        del job.history[: -keys.HISTORY_LENGTH]

    def _claim(self, step: ModelStep) -> list[str]:
        claimed: list[str] = []
        if step.slots and not step.suspect_running:
            self._claim_suspect(step, claimed)
        kinds = {kind.meta.kind for kind in step.kinds}
        while len(claimed) < step.slots and (heads := self._most_urgent(step.queue, kinds)):
            self._visit(next_of(heads, step.seen[len(claimed) :]), step, claimed)
        return claimed

    def _claim_suspect(self, step: ModelStep, claimed: list[str]) -> None:
        kinds = {kind.meta.kind for kind in step.kinds}
        due = [
            job
            for job in self.jobs.values()
            if job.is_suspect and job.state == "waiting" and job.queue == step.queue and job.kind in kinds
        ]
        first = min(due, key=lambda job: (job.place, job.id), default=None)
        if first is not None and first.place <= self.now:
            self._visit(first, step, claimed)

    def _most_urgent(self, queue: str, kinds: set[str]) -> list[ModelJob]:
        """The first job of each lane whose due time, less the lane's head start, is the least: any may be next."""
        lanes: dict[tuple[str, str, str], ModelJob] = {}
        for job in sorted(self.standing(queue, kinds), key=lambda job: (job.place, job.id)):
            if job.place <= self.now:
                lanes.setdefault(job.lane, job)
        urgency = {job.id: job.place - keys.HEAD_START_MS[job.level] for job in lanes.values()}
        return [job for job in lanes.values() if urgency[job.id] == min(urgency.values())]

    def _visit(self, job: ModelJob, step: ModelStep, claimed: list[str]) -> None:
        if not job.has_payload:
            self._settle(job, "failed", "undecodable")
        elif job.has_foreign_lock:
            job.place = self.now + keys.FOREIGN_LOCK_MS
        else:
            tokens = {claim.id: claim.token for claim in step.seen}
            job.state, job.worker, job.started = "running", step.worker, self.now
            job.token = tokens.get(job.id)
            job.attempt += 1
            job.claims += 1
            job.lease = job.place = self.now + step.lease
            claimed.append(job.id)

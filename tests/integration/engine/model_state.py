"""The jobs of the model, what may become of one, and what can be seen of all."""

from collections import Counter
from collections.abc import Iterator, Sequence

from tests.integration.engine.model_clock import ModelClock
from tests.integration.engine.model_gates import ModelGates
from tests.integration.engine.model_job import End, Ended, ModelJob, State, Wanted

from afterwork.engine import keys
from afterwork.engine.work.reports import Report


class ModelState:
    """All jobs, and what is known beside them. clock: its `raw` is set from outside."""

    def __init__(self, raw: int) -> None:
        self.clock = ModelClock(raw)
        self.jobs: dict[str, ModelJob] = {}
        self.unique: dict[tuple[str, str, str], str] = {}
        self.idempotency: dict[str, tuple[str, str]] = {}
        self.woken: set[str] = set()
        self.known: dict[str, set[str]] = {}
        self.accepted = self.swept = 0
        self.gates = ModelGates()
        self.events: dict[str, list[str]] = {}

    @property
    def now(self) -> int:
        """The engine's time, in ms."""
        return self.clock.now

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

    def listed(self, state: str, kind: str, queue: str, tag: str, created_after: int | str) -> list[str]:
        """Ids, newest first, filtered where a filter is given."""
        jobs = [
            job
            for job in self.jobs.values()
            if state in {"", self.shown_state(job)}
            and kind in {"", job.kind}
            and queue in {"", job.queue}
            and (not tag or tag in job.tag_set)
            and (isinstance(created_after, str) or job.created > created_after)
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

    def told(self, job: ModelJob) -> dict[int, str]:
        """By version, each state that the job entered: the first, and all others that the history reaches back to."""
        oldest = job.story[0] if job.is_story_cut else None
        since = (oldest.begun or oldest.ended) if oldest else 1
        return {
            version: state for version, state in job.states.items() if version == 1 or version >= int(since)
        }

    def running(self, queue: str, kind: str) -> int:
        """How many jobs of the kind run."""
        return sum(
            job.state == "running" and (job.queue, job.kind) == (queue, kind) for job in self.jobs.values()
        )

    # ------------------------------------------------------------------------------------------ changes

    def accept(self, wanted: Wanted) -> ModelJob:
        """A new job."""
        ms = int(wanted.ms)
        due = self.now + ms if wanted.clock == "delay" else max(self.now, ms)
        job = ModelJob(wanted, self.now, due, due, wanted.level, wanted.tags or None)
        job.has_payload, job.has_then = bool(wanted.payload), bool(wanted.then)
        if wanted.start_before:
            job.start_before, job.is_start_awaited = int(wanted.start_before), True
        job.states[1] = self.shown_state(job)
        self.jobs[job.id] = job
        if job.unique:
            self.unique[job.unique] = job.id
        self.known.setdefault(job.queue, set()).add(job.kind)
        self.woken.add(job.queue)
        self.accepted += 1
        self._announce(job)
        return job

    def enter(self, job: ModelJob, state: State) -> None:
        """A new state, and with it a new version."""
        job.state = state
        job.version += 1
        job.state_version = job.version
        job.states[job.version] = self.shown_state(job)
        self._announce(job)

    def _announce(self, job: ModelJob) -> None:
        """To the feed of all jobs."""
        line = f"{job.version} {job.states[job.version]} {self.now} {job.queue} {job.kind}"
        self.events.setdefault(job.id, []).append(line)

    def settle(self, job: ModelJob, state: End, body: str) -> None:
        """The end, until somebody retries it."""
        job.finished, job.body, job.lease = self.now, body, None
        job.expires = self.now + (int(job.wanted.retention or 0) or keys.KEEP_MS[state])
        job.is_start_awaited = False
        if state == "succeeded":
            job.checkpoint, job.has_then = None, False
        if job.unique and self.unique.get(job.unique) == job.id:
            del self.unique[job.unique]
        self.enter(job, state)

    def put_back(self, job: ModelJob, due: int, attempt: int) -> None:
        """It waits again."""
        self.woken.add(job.queue)
        job.lease = None
        if job.has_cancel:
            self.settle(job, "cancelled", "cancelled")
            return
        job.due, job.place, job.attempt = due, due, attempt
        self.enter(job, "waiting")

    def bury(self, job: ModelJob) -> None:
        """Its worker died."""
        is_last = job.deaths + 1 == keys.MAX_DEATHS and not job.has_cancel
        self.remember(job, "failed" if is_last else self.after(job, job.due), "worker-lost")
        job.token = None
        job.deaths += 1
        if is_last:
            self.woken.add(job.queue)
            self.settle(job, "failed", "worker-lost")
        else:
            job.is_suspect = job.deaths >= keys.MAX_DEATHS - 1
            self.put_back(job, job.due, job.attempt - 1)

    def after(self, job: ModelJob, due: int) -> str:
        """What becomes of a job that is put back."""
        if job.has_cancel:
            return "cancelled"
        return "scheduled" if due > self.now else "queued"

    def remember(self, job: ModelJob, after: str, error: str) -> None:
        """The attempt ends with the next version."""
        assert job.started is not None
        assert job.worker is not None
        ran = (job.attempt, job.started, self.now, job.worker, job.state_version)
        ended = Ended(*ran, job.version + 1, after, error)
        if after == "succeeded":
            job.ran = ended
        else:
            job.append(ended)

    def mark(self, job: ModelJob) -> None:
        """The state was entered just now without the end of an attempt."""
        state = job.states[job.state_version]
        job.append(Ended(job.attempt, "", self.now, "", "", job.state_version, state, ""))

    def mark_end(self, job: ModelJob) -> None:
        """The end is about to be forgotten."""
        assert job.finished is not None
        last = job.history[-1][-3:] if job.history else ()
        end = (job.state_version, job.state, job.body or "")
        if last != end:
            job.append(Ended(job.attempt, "", job.finished, "", "", *end))

    def note(self, job: ModelJob, told: Report) -> None:
        """What the attempt reported comes with the next version."""
        if told.progress:
            job.progress = (job.version + 1, told.progress.decode())
        job.log += [
            (job.version + 1, self.now - round(-line.at * 1000), line.level, line.text) for line in told.lines
        ]
        del job.log[: -keys.LOG_LENGTH]

    def held(self, job_id: str, token: str) -> ModelJob | None:
        """The job, if it runs under this token."""
        job = self.jobs.get(job_id)
        return job if job is not None and job.state == "running" and job.token == token else None

    def remove(self, jobs: Sequence[ModelJob]) -> int:
        """Sweep these."""
        for job in jobs:
            del self.jobs[job.id]
        self.swept += len(jobs)
        return len(jobs)

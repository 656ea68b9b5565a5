"""Who gets which job: the order in which the model expects a worker to be served."""

from collections.abc import Set as AbstractSet

from tests.integration.engine.model_gates import Gate
from tests.integration.engine.model_job import ModelJob, ModelStep, next_of
from tests.integration.engine.model_state import ModelState

from afterwork.engine import keys


class ModelClaims(ModelState):
    """Adds what a claim does."""

    def claim(self, step: ModelStep, expired: AbstractSet[str]) -> list[str]:
        """The ids claimed, in order. expired: those that the server met on its way and cancelled."""
        claimed: list[str] = []
        if step.slots and not step.suspect_running:
            self._claim_suspect(step, claimed)
        kinds = {kind.meta.kind for kind in step.kinds}
        while len(claimed) < step.slots and (heads := self._most_urgent(step.queue, kinds)):
            self._visit(next_of(heads, step.seen[len(claimed) :], expired), step, claimed)
        return claimed

    def _claim_suspect(self, step: ModelStep, claimed: list[str]) -> None:
        kinds = {kind.meta.kind for kind in step.kinds}
        due = [
            job
            for job in self.jobs.values()
            if job.is_suspect
            and job.state == "waiting"
            and job.queue == step.queue
            and job.kind in kinds
            and self.gate(job.queue, job.kind).is_open
        ]
        first = min(due, key=lambda job: (job.place, job.id), default=None)
        if first is not None and first.place <= self.now:
            self._visit(first, step, claimed)

    def _most_urgent(self, queue: str, kinds: set[str]) -> list[ModelJob]:
        """The first job of each lane whose due time, less the lane's head start, is the least: any may be next."""
        lanes: dict[tuple[str, str, str], ModelJob] = {}
        for job in sorted(self.standing(queue, kinds), key=lambda job: (job.place, job.id)):
            if job.place <= self.now and self.gate(queue, job.kind).is_open:
                lanes.setdefault(job.lane, job)
        urgency = {job.id: job.place - keys.HEAD_START_MS[job.level] for job in lanes.values()}
        return [job for job in lanes.values() if urgency[job.id] == min(urgency.values())]

    def _visit(self, job: ModelJob, step: ModelStep, claimed: list[str]) -> None:
        if job.never_started_by(self.now):
            self.settle(job, "cancelled", "expired")
        elif not job.has_payload:
            self.settle(job, "failed", "undecodable")
        elif job.has_foreign_lock:
            job.place = self.now + keys.FOREIGN_LOCK_MS
        else:
            tokens = {claim.id: claim.token for claim in step.seen}
            job.worker, job.started, job.token = step.worker, self.now, tokens.get(job.id)
            job.attempt += 1
            job.claims += 1
            job.lease = job.place = self.now + step.lease
            job.is_start_awaited, job.reported = False, None
            self.enter(job, "running")
            self.gates.passed(job.queue, job.kind, self.now)
            claimed.append(job.id)

    def gate(self, queue: str, kind: str) -> Gate:
        """Whether more of the kind may start now."""
        return self.gates.look(queue, kind, self.now, self.running(queue, kind))

    def next_due(self, step: ModelStep) -> int:
        """Ms until the first job in a lane may start; -1 if none is there, or may."""
        kinds = {kind.meta.kind for kind in step.kinds}
        gates = {kind: self.gate(step.queue, kind) for kind in kinds}
        places = [
            max(job.place, gates[job.kind].opens or 0)
            for job in self.standing(step.queue, kinds)
            if gates[job.kind].is_open or gates[job.kind].opens
        ]
        return max(0, min(places) - self.now) if places else -1

"""A worker as the random lives see it: what it believes to hold, and what it asked for."""

from collections.abc import Sequence
from dataclasses import dataclass

from tests.integration.engine.choices import LEASE
from tests.integration.engine.model_job import ModelStep
from tests.integration.engine.transitions import ScriptedWorker, report

from afterwork.engine.work.claims import Claim, Finish
from afterwork.engine.work.following import Following
from afterwork.engine.work.outcome import Done, Outcome
from afterwork.engine.work.reports import Report

Told = tuple[bytes, *tuple[str, ...]]
"""Progress, and lines."""


@dataclass(frozen=True, slots=True)
class Ask:
    """What a step asks for."""

    slots: int = 0
    finishes: Sequence[Finish] = ()
    reports: Sequence[Report] = ()
    suspect_running: bool = False


class Holder:
    """asked: every step, in order. awaits_reply: the last one was not answered, so it must be repeated."""

    def __init__(self, worker: ScriptedWorker, following: Following) -> None:
        self.worker = worker
        self._following = following
        self.held: dict[str, Claim] = {}
        self.asked: list[Ask] = []
        self.awaits_reply = False

    @property
    def has_suspect(self) -> bool:
        """Whether it runs a suspect, as far as it knows."""
        return any(claim.is_suspect for claim in self.held.values())

    def drop(self, choices: Sequence[int]) -> list[Claim]:
        """Some of what it holds, each once, and held no more."""
        ids = list(self.held)
        chosen = {ids[which % len(ids)] for which in choices if ids}
        return [self.held.pop(job_id) for job_id in ids if job_id in chosen]

    def end(self, ends: Sequence[tuple[int, Outcome, Told]]) -> list[Finish]:
        """Some of what it holds ends so."""
        claims = self.drop([which for which, _, _ in ends])
        return [
            self.ending(claim, outcome, report(claim, *told))
            for claim, (_, outcome, told) in zip(claims, ends, strict=False)
        ]

    def ending(self, claim: Claim, outcome: Outcome, last: Report) -> Finish:
        """The end of a claim, with what follows it."""
        if isinstance(outcome, Done) and claim.then:
            outcome = Done(outcome.result, self._following.of(claim.id, outcome.result, claim.then))
        return Finish(claim, outcome, last)

    def tell(self, reports: Sequence[tuple[int, Told]]) -> list[Report]:
        """Some of what it holds tells something."""
        claims = list(self.held.values())
        return [report(claims[which % len(claims)], *told) for which, told in reports if claims]

    def model_step(self, ask: Ask, sequence: int, seen: Sequence[Claim]) -> ModelStep:
        """The same step for the model. seen: what the server handed out."""
        return ModelStep(
            worker=self.worker.name,
            queue=self.worker.queue,
            kinds=self.worker.kinds,
            lease=LEASE,
            sequence=sequence,
            slots=ask.slots,
            reports=ask.reports,
            finishes=ask.finishes,
            suspect_running=ask.suspect_running,
            seen=seen,
        )

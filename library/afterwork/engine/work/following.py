"""The jobs that follow one which has succeeded: filled in by what it returned, ready to be stored with its end."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import structlog
import uuid_utils
from pydantic import JsonValue, ValidationError

from afterwork import errors
from afterwork.contracts import Contract, JobOptions, registry
from afterwork.contracts.placeholders import Sources, Unfillable, fill
from afterwork.engine.codec import (
    dumps,
    encode_payload,
    encode_untyped,
    exception_text,
    loads,
    misfit_text,
    problem_json,
)
from afterwork.engine.jobs.follow_ups import Planned, encode_planned, kinds_of, planned_in
from afterwork.engine.jobs.wire import due_wire, life_wire
from afterwork.engine.scripts import Argument

MAX_FILLED = 1024 * 1024
"""Bytes of JSON that all jobs which follow one job may take: made in the event loop, and stored by one call."""
FALLBACK_TIMEOUT = 300.0
"""Seconds, for a job that fails at once and of whose kind nothing is known."""

logger = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Follower:
    """One of them. payload: envelope, empty if there is none. then: what follows it in turn, as it is kept.

    max_attempts, timeout (seconds): unless `options` have them. problem: why it fails at once, or empty.
    """

    id: str
    kind: str
    queue: str
    options: JobOptions
    max_attempts: int
    timeout: float
    payload: bytes
    then_kinds: str = ""
    then: bytes = b""
    problem: bytes = b""

    @property
    def size(self) -> int:
        """Bytes, roughly."""
        return len(self.payload) + len(self.then) + len(self.problem)

    def wire(self) -> list[Argument]:
        """As `step.lua` takes it. One that fails at once takes no unique key, and gives way to nobody who has it."""
        options = self.options
        return [
            self.id,
            self.queue,
            self.kind,
            options.priority,
            *due_wire(options),
            options.max_attempts or self.max_attempts,
            round((options.timeout or self.timeout) * 1000),
            "" if self.problem else options.unique_key or "",
            *life_wire(options),
            self.then_kinds,
            self.then,
            self.payload,
            self.problem,
        ]


class Following:
    """Makes a worker's followers. queue: the worker's own. kinds: what it handles; it knows all installed ones too.

    new_id: gives each job its id.
    """

    def __init__(
        self,
        queue: str = "",
        kinds: Mapping[str, type[Contract]] = MappingProxyType({}),
        new_id: Callable[[], str] = lambda: str(uuid_utils.uuid7()),
    ) -> None:
        self._queue = queue
        self._kinds = kinds
        self._new_id = new_id

    def of(self, job_id: str, result: bytes, then: bytes) -> tuple[Follower, ...]:
        """What follows a job with this result. One that cannot be run is among them, to fail at once.

        Nothing is raised: the job has succeeded, whatever is wrong with what was to follow.
        """
        sources = Sources(job_id, loads(result))
        left = MAX_FILLED
        followers = []
        for planned in planned_in(then):
            follower = self._follower(planned, sources, left)
            left -= len(follower.payload)
            followers.append(follower)
            if follower.problem:
                logger.warning(
                    "a follow-up fails at once", job_id=job_id, kind=follower.kind, follower=follower.id
                )
        return tuple(followers)

    def _follower(self, planned: Planned | str, sources: Sources, room: int) -> Follower:
        if isinstance(planned, str):
            return self._broken(Planned(kind=planned, payload={}), "its options are not known to this worker")
        try:
            return self._filled(planned, fill(planned.payload, sources, room=room))
        except Unfillable as error:
            return self._broken(planned, str(error))
        except Exception as error:  # a contract's own validators may raise anything
            logger.exception("a follow-up cannot be made", job_id=sources.job_id, kind=planned.kind)
            return self._broken(planned, exception_text(error))

    def _filled(self, planned: Planned, payload: dict[str, JsonValue]) -> Follower:
        contract = self._contract(planned.kind)
        if contract is not None:
            try:
                job = contract.model_validate_json(dumps(payload))
            except ValidationError as error:
                untyped = encode_untyped(planned.kind, payload, _now())
                return self._broken(planned, misfit_text(error, payload), untyped)
            return self._made(planned, job.target_queue(), encode_payload(job, _now()))
        envelope = encode_untyped(planned.kind, payload, _now())
        if planned.queue is None:
            return self._broken(planned, "no contract of this kind is known here", envelope)
        return self._made(planned, planned.queue, envelope)

    def _broken(self, planned: Planned, detail: str, payload: bytes = b"") -> Follower:
        """Without a payload it cannot be retried by hand: nothing could come of it."""
        contract = self._contract(planned.kind)
        queue = planned.queue or (contract and contract.meta.queue) or self._queue
        return self._made(planned, queue, payload, problem_json(errors.PayloadInvalid, detail))

    def _made(self, planned: Planned, queue: str, payload: bytes, problem: bytes = b"") -> Follower:
        meta = contract.meta if (contract := self._contract(planned.kind)) else None
        return Follower(
            id=self._new_id(),
            kind=planned.kind,
            queue=queue,
            options=planned.options,
            max_attempts=planned.max_attempts or (meta.max_attempts if meta else 1),
            timeout=planned.timeout or (meta.timeout if meta else FALLBACK_TIMEOUT),
            payload=payload,
            then_kinds=kinds_of(planned.then),
            then=encode_planned(planned.then),
            problem=problem,
        )

    def _contract(self, kind: str) -> type[Contract] | None:
        return self._kinds.get(kind) or registry.kinds().get(kind)


def _now() -> int:
    return time.time_ns() // 1_000_000

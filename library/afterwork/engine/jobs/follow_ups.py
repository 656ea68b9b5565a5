"""A job's `then` as it is kept until the job succeeds: each follow-up with what was known of its kind."""

from collections.abc import Mapping, Sequence
from typing import Self

from pydantic import Field, JsonValue, ValidationError
from pydantic_core import from_json, to_json

from afterwork.contracts import Contract, FollowUp, JobOptions, registry
from afterwork.contracts.base import Frozen

Kinds = Mapping[str, type[Contract]]


class Planned(Frozen):
    """One follow-up. options: without `then`.

    queue, max_attempts, timeout (seconds): as the kind's contract has them, so that a worker which does not know
    that kind can submit it; None where it was not known then, or where the payload chooses the queue.
    """

    kind: str
    payload: dict[str, JsonValue]
    options: JobOptions = Field(default_factory=JobOptions)
    queue: str | None = None
    max_attempts: int | None = None
    timeout: float | None = None
    then: "tuple[Planned, ...]" = ()

    @classmethod
    def of(cls, follow_up: FollowUp, kinds: Kinds) -> Self:
        """With what is known of the kinds, the follow-ups of follow-ups included."""
        options, contract = follow_up.options, kinds.get(follow_up.kind)
        meta = contract.meta if contract else None
        return cls(
            kind=follow_up.kind,
            payload=follow_up.payload,
            options=options.model_copy(update={"then": []}),
            queue=meta.queue if meta else None,
            max_attempts=meta.max_attempts if meta else None,
            timeout=meta.timeout if meta else None,
            then=tuple(cls.of(next_one, kinds) for next_one in options.then),
        )


def encode_then(then: Sequence[FollowUp]) -> bytes:
    """As it is kept: JSON, or nothing if there is none."""
    if not then:
        return b""
    kinds = registry.kinds()
    return encode_planned([Planned.of(follow_up, kinds) for follow_up in then])


def encode_planned(planned: Sequence[Planned]) -> bytes:
    """The same of what is planned already."""
    return (
        to_json([one.model_dump(mode="json", exclude_defaults=True) for one in planned]) if planned else b""
    )


def planned_in(body: bytes) -> list[Planned | str]:
    """What `encode_then` made; in place of one that cannot be read, its kind: who wrote it knew other options."""
    return [_read(item) for item in from_json(body or b"[]")]


def kinds_of(then: Sequence[FollowUp | Planned]) -> str:
    """As the record has them."""
    return "\n".join(one.kind for one in then)


def _read(item: dict[str, JsonValue]) -> Planned | str:
    try:
        return Planned.model_validate(item)
    except ValidationError:
        return str(item["kind"])

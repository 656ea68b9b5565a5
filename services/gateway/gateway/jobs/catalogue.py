"""The kinds of jobs that can be submitted, as the interface shows them."""

from collections.abc import Mapping
from inspect import cleandoc

from pydantic import BaseModel, ConfigDict, Field, JsonValue

from afterwork.contracts import Contract


class KindDefaults(BaseModel):
    """Options of a job that does not give its own."""

    model_config = ConfigDict(frozen=True)

    max_attempts: int
    timeout: float


class KindResource(BaseModel):
    """One kind. queue: where its jobs wait; null if the payload chooses it. schema: JSON Schema of the payload."""

    model_config = ConfigDict(frozen=True, serialize_by_alias=True, validate_by_name=True)

    kind: str
    description: str
    queue: str | None
    defaults: KindDefaults
    payload_schema: dict[str, JsonValue] = Field(alias="schema")


class KindList(BaseModel):
    """All kinds, by name."""

    model_config = ConfigDict(frozen=True)

    kinds: list[KindResource]


def catalogue(kinds: Mapping[str, type[Contract]]) -> KindList:
    """Describe the registered kinds."""
    return KindList(kinds=[_describe(contract) for _, contract in sorted(kinds.items())])


def _describe(contract: type[Contract]) -> KindResource:
    meta = contract.meta
    return KindResource(
        kind=meta.kind,
        description=cleandoc(contract.__doc__ or ""),
        queue=meta.queue,
        defaults=KindDefaults(max_attempts=meta.max_attempts, timeout=meta.timeout),
        payload_schema=contract.model_json_schema(),
    )

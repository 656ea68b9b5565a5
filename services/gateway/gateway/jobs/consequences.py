"""Which scopes a submission takes beyond `submit`, because of what its job, or one that follows it, will do."""

from collections.abc import Iterable

from pydantic import JsonValue
from starlette.requests import Request

from afterwork.api_keys import ApiKey, Scope
from afterwork.contracts import FollowUp
from afterwork.contracts.archiver import ArchiveObjects, DeleteSource
from afterwork.errors import MissingScope
from gateway.jobs.submission import JobRequest


def check_scopes(wanted: JobRequest, request: Request) -> None:
    """Raise MissingScope for a job that removes objects, unless the caller might remove them by itself."""
    key: ApiKey | None = request.state.api_key
    if key is not None and _removes(wanted) and not key.allows(Scope.CONTROL):
        raise MissingScope(Scope.CONTROL)


def _removes(wanted: JobRequest) -> bool:
    payload = wanted.payload
    if isinstance(payload, ArchiveObjects) and payload.delete_source is not DeleteSource.NEVER:
        return True
    return _one_removes(wanted.options.then)


def _one_removes(then: Iterable[FollowUp]) -> bool:
    """What is to be filled in may become anything."""
    return any(
        (follow_up.kind == ArchiveObjects.meta.kind and _may_remove(follow_up.payload))
        or _one_removes(follow_up.options.then)
        for follow_up in then
    )


def _may_remove(payload: dict[str, JsonValue]) -> bool:
    return payload.get("delete_source", DeleteSource.NEVER) != DeleteSource.NEVER

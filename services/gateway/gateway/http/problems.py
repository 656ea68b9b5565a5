"""The one form of every error answer: a problem document (RFC 9457)."""

from collections.abc import Iterable, Mapping

from pydantic import BaseModel, ConfigDict
from pydantic_core import to_json
from starlette.responses import Response

from afterwork.errors import (
    AfterworkError,
    DuplicateJob,
    InvalidPayload,
    MissingScope,
    NotFinished,
    PayloadTooLarge,
    QueueFull,
    QueueUnavailable,
    RequestTimeout,
)
from gateway.http.references import as_reference
from gateway.links import job_path

MEDIA_TYPE = "application/problem+json"
CHALLENGE = 'Bearer realm="afterwork"'
"""What `WWW-Authenticate` asks for (RFC 6750, section 3)."""


class FieldError(BaseModel):
    """One place in a body that is not as expected; `pointer` is a JSON pointer (RFC 6901)."""

    model_config = ConfigDict(frozen=True)

    pointer: str
    detail: str


class ProblemDocument(BaseModel):
    """An error answer. `type` is the address of a page that explains it; `instance` the path that was asked for.

    errors: the places where a body is wrong. id: of an internal error, stands in the log beside its cause.
    """

    model_config = ConfigDict(frozen=True, extra="allow")

    type: str
    title: str
    status: int
    detail: str
    instance: str
    errors: list[FieldError] | None = None
    id: str | None = None


class InvalidBody(InvalidPayload):
    """InvalidPayload that knows the places where the body is wrong; at least one."""

    def __init__(self, places: Iterable[FieldError]) -> None:
        self.places = list(places)
        first, *others = self.places
        more = f" (and {len(others)} more)" if others else ""
        super().__init__(f"{first.pointer or 'the body'}: {first.detail}{more}")


def problem_response(
    error: AfterworkError,
    path: str,
    *,
    headers: Mapping[str, str] | None = None,
    **members: object,
) -> Response:
    """Answer a request for `path` that ended in `error`; `members` are added to the document."""
    document = ProblemDocument(
        type=f"/problems/{error.code}",
        title=error.title,
        status=error.status,
        detail=error.detail,
        instance=as_reference(path),
        errors=error.places if isinstance(error, InvalidBody) else None,
    )
    return Response(
        to_json({**document.model_dump(exclude_none=True), **members}),
        error.status,
        headers={**_headers(error), **(headers or {})},
        media_type=MEDIA_TYPE,
    )


def example(error: type[AfterworkError]) -> dict[str, str | int]:
    """What such a problem looks like, its detail as general as its title."""
    return {
        "type": f"/problems/{error.code}",
        "title": error.title,
        "status": error.status,
        "detail": error.title,
        "instance": "/v1/jobs",
    }


def _headers(error: AfterworkError) -> dict[str, str]:
    match error:
        case DuplicateJob(job_id=job_id):
            return {"Location": job_path(job_id)}
        case MissingScope(scope=scope):
            return {"WWW-Authenticate": f'{CHALLENGE}, error="insufficient_scope", scope="{scope}"'}
        case PayloadTooLarge() | RequestTimeout():
            return {"Connection": "close"}  # the rest of the body is not waited for
        case QueueFull():
            return {"Retry-After": "10"}
        case QueueUnavailable() | NotFinished():
            return {"Retry-After": "1"}
        case _:
            return {}

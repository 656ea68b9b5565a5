"""Conditional requests (RFC 9110, section 13): nothing is sent twice, and nothing changed that was not seen."""

import re
from collections.abc import Sequence
from hashlib import sha256

from starlette.requests import Request
from starlette.responses import Response

from afterwork.contracts import JobSummary, LogLine
from afterwork.engine import JobClient
from afterwork.errors import PreconditionFailed

_TAG = re.compile(r'(W/)?("[^"]*")')


def entity_tag(job: JobSummary) -> str:
    """Changes whenever the job's representation does.

    The state counts on its own: a scheduled job becomes queued by the passage of time, without a new version.
    """
    return f'"{job.version}-{job.state}"'


def log_tag(lines: Sequence[LogLine]) -> str:
    """Changes with the last line: lines are only added, and those of one version come together."""
    return f'"{lines[-1].version if lines else 0}-log"'


def content_tag(body: bytes) -> str:
    """Tag of what never changes at its address, unless another job comes to have the same id."""
    return f'"{sha256(body).hexdigest()[:32]}"'


def unless_known(request: Request, body: bytes, headers: dict[str, str]) -> Response:
    """The JSON body, or 304 if the request's `If-None-Match` names the `ETag` among `headers`."""
    if is_known(headers["ETag"], request.headers.getlist("if-none-match")):
        return Response(status_code=304, headers=headers)
    return Response(body, headers=headers, media_type="application/json")


def is_known(tag: str, if_none_match: Sequence[str]) -> bool:
    """Whether one of the `If-None-Match` values names this tag, compared weakly, or any (`*`)."""
    return any(
        value.strip() == "*" or tag in (known for _, known in _TAG.findall(value)) for value in if_none_match
    )


def is_met(tag: str, if_match: Sequence[str]) -> bool:
    """Whether one of the `If-Match` values names this tag, compared strongly, or any (`*`)."""
    return is_any(if_match) or any(("", tag) in _TAG.findall(value) for value in if_match)


async def version_to_change(job_id: str, request: Request, client: JobClient) -> int | None:
    """The version that a change must find; None if the request has no `If-Match`, or one that any version meets.

    Raises PreconditionFailed if the job is not any more what the client has seen, NotFound, QueueUnavailable.
    """
    conditions = request.headers.getlist("if-match")
    if not conditions:
        return None
    job = await client.get(job_id)
    if not is_met(entity_tag(job), conditions):
        raise PreconditionFailed(f"the job is now at {entity_tag(job)}")
    return None if is_any(conditions) else job.version


def is_any(if_match: Sequence[str]) -> bool:
    """Whether the job only has to exist (`*`)."""
    return any(value.strip() == "*" for value in if_match)

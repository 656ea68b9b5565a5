"""Answers that show a job: their bodies, their headers, and what OpenAPI says of them."""

from starlette.requests import Request
from starlette.responses import Response

from afterwork.contracts import Job
from gateway.http.conditional import entity_tag, unless_known
from gateway.http.responses import answer
from gateway.jobs.representation import JobResource, job_json, retry_after
from gateway.links import job_path

JOB = answer(200, JobResource, "The job.", "ETag", "Retry-After")
ACCEPTED = answer(202, JobResource, "Accepted.", "ETag", "Location", "Retry-After")

Headers = dict[str, str]


def shown(job: Job, request: Request, headers: Headers | None = None) -> Response:
    """The job as it is, or 304 if the client has it already."""
    return unless_known(request, _body(job), _headers(job) | (headers or {}))


def changed(job: Job) -> Response:
    """The job as a change has left it."""
    return _response(job, 200, _headers(job))


def accepted(job: Job, headers: Headers | None = None, *, status: int = 202) -> Response:
    """What was asked for is stored and goes on by itself; status 200 if it has ended already."""
    location = {"Location": job_path(job.id)}
    return _response(job, status, _headers(job) | location | (headers or {}))


def _headers(job: Job) -> Headers:
    return {"ETag": entity_tag(job), **retry_after(job)}


def _response(job: Job, status: int, headers: Headers) -> Response:
    return Response(_body(job), status, headers=headers, media_type="application/json")


def _body(job: Job) -> bytes:
    return job_json(job)

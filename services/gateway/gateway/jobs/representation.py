"""Jobs as the interface shows them: what the record says, and where to go from here."""

from math import ceil

from pydantic import BaseModel, ConfigDict
from pydantic_core import to_json
from starlette.responses import Response

from afterwork.contracts import Job, JobPage, JobState, JobSummary
from gateway.links import job_path

_LONGEST_WAIT = 3600
_JOB = Job.__pydantic_serializer__
_SUMMARY = JobSummary.__pydantic_serializer__


class JobLinks(BaseModel):
    """Addresses that belong to a job."""

    model_config = ConfigDict(frozen=True)

    self: str
    events: str
    log: str
    result: str


class WholeJobLinks(JobLinks):
    """The same of a job that is shown whole. receipt: null unless the job's result names one."""

    receipt: str | None


_LINKS = WholeJobLinks.__pydantic_serializer__


class JobResource(Job):
    """A job with its links."""

    links: WholeJobLinks


class JobSummaryResource(JobSummary):
    """A job in a list, with its links."""

    links: JobLinks


class JobPageResource(BaseModel):
    """One page of jobs. It may be short and still have a `next_page_token`; without one it is the last."""

    model_config = ConfigDict(frozen=True)

    jobs: list[JobSummaryResource]
    next_page_token: str | None


def job_resource(job: Job) -> JobResource:
    """The job as it is answered."""
    return JobResource(**vars(job), links=_links(job))


def job_json(job: Job) -> bytes:
    """A JobResource as it is answered, put together from JSON, for the sake of submissions."""
    return b'%b,"links":%b}' % (_JOB.to_json(job)[:-1], _LINKS.to_json(_links(job)))


def page_json(page: JobPage) -> bytes:
    """A JobPageResource as it is answered.

    Put together from JSON: lists are read often, and a model with its links for each job took a tenth of the
    request's time (`tests/bench`).
    """
    jobs = b",".join(map(_summary_json, page.jobs))
    return b'{"jobs":[%b],"next_page_token":%b}' % (jobs, to_json(page.next_page_token))


def retry_after(job: JobSummary) -> dict[str, str]:
    """The header that says in how many seconds to ask again, as long as the job has not ended.

    By Redis' clock, which all times of a job are meant by; this machine's may be wrong.
    """
    if job.state.is_final:
        return {}
    ahead = ceil((job.run_at - job.as_of).total_seconds()) if job.state is JobState.SCHEDULED else 1
    return {"Retry-After": str(min(max(1, ahead), _LONGEST_WAIT))}


def json_response(model: BaseModel, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """The model as it is, without the framework validating it once more."""
    return Response(model.model_dump_json(), status, headers=headers, media_type="application/json")


def _summary_json(job: JobSummary) -> bytes:
    own = job_path(job.id)
    links = f'{{"self":"{own}","events":"{own}/events","log":"{own}/log","result":"{own}/result"}}'
    return b'%b,"links":%b}' % (_SUMMARY.to_json(job)[:-1], links.encode())


def _links(job: Job) -> WholeJobLinks:
    own = job_path(job.id)
    has_receipt = isinstance(job.result, dict) and isinstance(job.result.get("receipt"), str)
    return WholeJobLinks(
        self=own,
        events=f"{own}/events",
        log=f"{own}/log",
        result=f"{own}/result",
        receipt=f"{own}/receipt" if has_receipt else None,
    )

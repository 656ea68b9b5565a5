"""Jobs as the interface shows them: what the record says, and where to go from here."""

from datetime import datetime
from math import ceil

from pydantic import BaseModel, ConfigDict
from starlette.responses import Response

from afterwork.contracts import Job, JobPage, JobState, JobSummary
from gateway.links import job_path, result_path

_LONGEST_WAIT = 3600


class JobLinks(BaseModel):
    """Addresses that belong to a job."""

    model_config = ConfigDict(frozen=True)

    self: str
    result: str


class JobResource(Job):
    """A job with its links."""

    links: JobLinks


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
    return JobResource.model_construct(**dict(job), links=_links(job))


def page_resource(page: JobPage) -> JobPageResource:
    """The page as it is answered."""
    jobs = [JobSummaryResource.model_construct(**dict(job), links=_links(job)) for job in page.jobs]
    return JobPageResource.model_construct(jobs=jobs, next_page_token=page.next_page_token)


def retry_after(job: JobSummary, now: datetime) -> dict[str, str]:
    """The header that says in how many seconds to ask again, as long as the job has not ended."""
    if job.state.is_final:
        return {}
    ahead = ceil((job.run_at - now).total_seconds()) if job.state is JobState.SCHEDULED else 1
    return {"Retry-After": str(min(max(1, ahead), _LONGEST_WAIT))}


def json_response(model: BaseModel, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """The model as it is, without the framework validating it once more."""
    return Response(model.model_dump_json(), status, headers=headers, media_type="application/json")


def _links(job: JobSummary) -> JobLinks:
    return JobLinks(self=job_path(job.id), result=result_path(job.id))

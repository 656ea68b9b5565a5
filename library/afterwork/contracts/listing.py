"""Asking for jobs page by page."""

from typing import Annotated

from pydantic import Field

from afterwork.contracts.base import Frozen
from afterwork.contracts.job import JobState, JobSummary, Seen
from afterwork.contracts.options import Instant, Tag


class JobQuery(Frozen):
    """Which jobs, newest first. Filters that are left out match everything; `page_token` is opaque.

    created_after: only jobs that were accepted later than this.
    """

    state: JobState | None = None
    kind: str | None = None
    queue: str | None = None
    tag: Tag | None = None
    created_after: Instant | None = None
    page_size: Annotated[int, Field(ge=1, le=500)] = 50
    page_token: str | None = None


class JobPage(Seen):
    """One page. It may be short, even empty, and still have a `next_page_token`; without one it is the last."""

    jobs: list[JobSummary]
    next_page_token: str | None

"""Conditional requests (RFC 9110, section 13): an answer that the client has already need not be sent."""

import re
from collections.abc import Iterable

from afterwork.contracts import JobSummary

_TAG = re.compile(r'(?:W/)?("[^"]*")')


def entity_tag(job: JobSummary) -> str:
    """Changes whenever the job's representation does.

    The state counts on its own: a scheduled job becomes queued by the passage of time, without a new version.
    """
    return f'"{job.version}-{job.state}"'


def is_known(tag: str, if_none_match: Iterable[str]) -> bool:
    """Whether one of the `If-None-Match` values names this tag, compared weakly, or any (`*`)."""
    return any(value.strip() == "*" or tag in _TAG.findall(value) for value in if_none_match)

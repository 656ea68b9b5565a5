"""Where things are: the addresses that answers point to."""

from urllib.parse import quote


def job_path(job_id: str) -> str:
    """Address of a job. Ids that a plain ARQ client chose may hold any character."""
    return f"/v1/jobs/{quote(job_id, safe='')}"


def object_path(store: str, key: str) -> str:
    """Address of an object."""
    return f"/v1/objects/{store}/{quote(key)}"

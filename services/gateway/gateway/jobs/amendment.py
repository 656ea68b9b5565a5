"""The body of `PATCH /v1/jobs/{id}`: what is to change in a job that waits."""

from pydantic import ConfigDict, TypeAdapter, ValidationError, with_config
from typing_extensions import TypedDict  # typing's own has its config only from Python 3.12 on

from afterwork.contracts import Amendment, Priority
from afterwork.contracts.options import Moment, Tags
from gateway.http.json_body import JsonBody
from gateway.http.pointers import places
from gateway.http.problems import InvalidBody

MERGE_PATCH = "application/merge-patch+json"
"""RFC 7396. Its null would remove something, and nothing here can be without a value: it is refused."""


@with_config(ConfigDict(extra="forbid"))
class JobChange(TypedDict, total=False):
    """What is to change in a job that waits; what is left out stays. tags: the new tags, all of them."""

    run_at: Moment
    priority: Priority
    tags: Tags


CHANGE = TypeAdapter(JobChange)


def read_amendment(body: JsonBody) -> Amendment | None:
    """The wanted change, or None if nothing is to change. Raises InvalidBody."""
    try:
        change = CHANGE.validate_json(body.raw, strict=True)
    except ValidationError as error:
        raise InvalidBody(places(error, body.value)) from error
    return Amendment(**change) if change else None

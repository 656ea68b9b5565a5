"""Bodies of submissions that the tests send."""

from typing import Any

Body = dict[str, Any]  # what httpx takes as JSON


def probe(*, options: Body | None = None, **payload: Any) -> Body:  # noqa: ANN401 - any field of the payload
    """A submission of `probe.run` into the notifier's queue."""
    body: Body = {"kind": "probe.run", "payload": {"queue": "notifier", **payload}}
    return body if options is None else {**body, "options": options}

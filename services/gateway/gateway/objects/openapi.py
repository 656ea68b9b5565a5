"""What the OpenAPI document says of objects: bodies that are no JSON, and the headers that go with them."""

from gateway.http.responses import Node, described_headers, request_header

_ANY_BODY: Node = {"schema": {}, "examples": {"csv": {"value": "name,amount\nAda,3\n"}}}

DESCRIBING = (
    "Accept-Ranges",
    "Afterwork-Tier",
    "Cache-Control",
    "Content-Disposition",
    "Content-Security-Policy",
    "ETag",
    "Last-Modified",
    "X-Content-Type-Options",
)
BODY: Node = {"required": True, "content": {"*/*": _ANY_BODY}}
RANGE = request_header(
    "Range", "One range of bytes, such as `bytes=0-1023`; several are answered by the whole object."
)
IF_RANGE = request_header("If-Range", "An `ETag`: the whole object is sent if it is not the current one.")
IF_ABSENT = request_header(
    "If-None-Match", "`*`: nothing is stored if there is such an object already.", const="*"
)
TIER_HEADER = request_header(
    "Afterwork-Tier", "At which tier to keep it.", enum=["hot", "cool", "cold", "archive"]
)
METADATA_HEADER = request_header(
    "Afterwork-Meta-Origin",
    "Any header `Afterwork-Meta-<name>` is kept with the object; printable ASCII, 2,048 bytes in all.",
    pattern="^[!-~]+$",
    maxLength=1000,
)


def described(status: int, description: str, *names: str) -> dict[int | str, Node]:
    """An answer without a body."""
    return {status: {"description": description, "headers": described_headers(names)}}


def sent() -> dict[int | str, Node]:
    """The answers that bring an object, or some of it."""
    whole, part = (
        described(200, "The object.", *DESCRIBING),
        described(206, "The range.", *DESCRIBING, "Content-Range"),
    )
    return {status: {**answer, "content": {"*/*": _ANY_BODY}} for status, answer in (whole | part).items()}

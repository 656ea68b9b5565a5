"""How much of a request's body is let in, counted while it streams, whatever its headers promise."""

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from afterwork.errors import PayloadTooLarge
from gateway.http.problems import problem_response
from gateway.http.streaming import is_streamed

MAX_BODY = 1024 * 1024
"""Bytes that a job's body may have."""
REFUSAL = "refusal"
"""Under this name of a request's `state` the connection leaves the error that ends the reading of its body."""


class BodyLimit:
    """ASGI middleware. A body that says it is too large is refused unread; another once it has become too large.

    What is streamed (`streaming.py`) may be of any size.
    (The framework's own limit answers in plain text where nobody reads the body.)
    """

    def __init__(self, app: ASGIApp, *, limit: int) -> None:
        self.app = app
        self.limit = limit

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        limit = None if is_streamed(scope) else self.limit
        if limit is not None and self._declared_too_large(scope):
            await problem_response(self._refusal(), scope["path"])(scope, receive, send)
            return
        received = 0

        async def counted_receive() -> Message:
            nonlocal received
            message = await receive()
            refusal = scope.get("state", {}).get(REFUSAL)
            if refusal is not None:
                raise refusal
            if message["type"] == "http.request":
                received += len(message.get("body", b""))
                if limit is not None and received > limit:
                    raise self._refusal()
            return message

        await self.app(scope, counted_receive, send)

    def _declared_too_large(self, scope: Scope) -> bool:
        declared = dict(scope["headers"]).get(b"content-length", b"")
        # What is no number is the HTTP parser's business; int() of thousands of digits would raise.
        return declared.isdigit() and (len(declared) > 18 or int(declared) > self.limit)

    def _refusal(self) -> PayloadTooLarge:
        return PayloadTooLarge(f"the body is larger than {self.limit} bytes")

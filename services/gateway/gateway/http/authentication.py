"""Who is calling: without a known API key nothing is served, and nothing read, but for a short list of addresses."""

import hmac
import re
from collections.abc import Sequence

from starlette.types import ASGIApp, Receive, Scope, Send

from afterwork.api_keys import ApiKey, digest
from afterwork.errors import Unauthenticated
from gateway.http.problems import CHALLENGE, problem_response

METRICS = "/metrics"

_PUBLIC = re.compile(r"/healthz|/readyz|/openapi\.json|/docs|/docs/oauth2-redirect|/problems/[^/]*")
"""The addresses that need no key. All others ask for one, also those where there is nothing."""


def is_public(path: str, *, with_metrics: bool) -> bool:
    """Whether this path is open to callers without a key. with_metrics: whether `/metrics` is."""
    return _PUBLIC.fullmatch(path) is not None or (with_metrics and path == METRICS)


class Authentication:
    """ASGI middleware that leaves the caller's key as `request.state.api_key`.

    It is None where none is asked for: at public addresses, and everywhere if there are no `keys`.
    """

    def __init__(self, app: ASGIApp, *, keys: Sequence[ApiKey], public_metrics: bool) -> None:
        self.app = app
        self.keys = keys
        self.public_metrics = public_metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
        elif scope["type"] == "http":  # and nothing else: what comes over a WebSocket would be unchecked
            await self._serve(scope, receive, send)

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        key = None
        if self.keys and not is_public(scope["path"], with_metrics=self.public_metrics):
            token = bearer_token([value for name, value in scope["headers"] if name == b"authorization"])
            key = None if token is None else identify(self.keys, token)
            if key is None:
                await _refusal(scope["path"], has_token=token is not None)(scope, receive, send)
                return
        scope.setdefault("state", {})["api_key"] = key
        await self.app(scope, receive, send)


def bearer_token(values: Sequence[bytes]) -> bytes | None:
    """What follows `Bearer` in the only `Authorization` header; None if there is none, or it says something else."""
    if len(values) != 1:
        return None
    scheme, _, token = values[0].partition(b" ")
    return token.strip() or None if scheme.lower() == b"bearer" else None


def identify(keys: Sequence[ApiKey], token: bytes) -> ApiKey | None:
    """The key that this is, if any. How long that takes tells nothing about the keys: all are compared, always."""
    found, presented = None, digest(token)
    for key in keys:
        if hmac.compare_digest(key.digest, presented):
            found = key
    return found


def _refusal(path: str, *, has_token: bool) -> ASGIApp:
    challenge, detail = CHALLENGE, "send one header `Authorization: Bearer <key>` with your API key"
    if has_token:
        challenge, detail = f'{CHALLENGE}, error="invalid_token"', "this API key is not known here"
    return problem_response(Unauthenticated(detail), path, headers={"WWW-Authenticate": challenge})

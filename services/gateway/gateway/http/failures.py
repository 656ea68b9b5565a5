"""What nobody foresaw: answered by a problem document whose `id` stands in the log beside the cause."""

import asyncio
from uuid import uuid4

import structlog
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from afterwork.errors import InternalError, QueueUnavailable
from gateway.http.problems import problem_response
from gateway.http.references import as_reference

logger = structlog.get_logger()


class Failures:
    """ASGI middleware: no exception leaves it, unless an answer is under way that can only be broken off."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        started = False

        async def observed_send(message: Message) -> None:
            nonlocal started
            started = started or message["type"] == "http.response.start"
            await send(message)

        try:
            await self.app(scope, receive, observed_send)
        except ClientDisconnect:
            return  # there is nobody left to answer
        except asyncio.CancelledError:
            # uvicorn cancels what is unfinished after the drain, such as a body that never comes.
            logger.warning("request cut off by the end of the gateway", path=as_reference(scope["path"]))
            if not started:
                error = QueueUnavailable("this gateway is ending; repeat the request")
                await problem_response(error, scope["path"])(scope, receive, send)
        except Exception as error:
            identifier = self._log(error, scope)
            if started:
                raise
            detail = f"the cause stands in the log under the id {identifier}"
            await problem_response(InternalError(detail), scope["path"], id=identifier)(scope, receive, send)

    def _log(self, error: Exception, scope: Scope) -> str:
        identifier = str(uuid4())
        path = as_reference(scope["path"])
        logger.error(
            "request failed",
            id=identifier,
            method=scope["method"],
            path=path,
            cause=repr(error),
            exc_info=error,
        )
        return identifier

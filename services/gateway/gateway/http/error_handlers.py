"""Which exception becomes which problem: our own tree as it is, and the framework's few through it."""

from collections.abc import Callable, Coroutine, Iterable
from typing import Any

from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Match

from afterwork.errors import AfterworkError, BadParameter, MethodNotAllowed, NotFound
from gateway.http.problems import problem_response

_METHODS = ("DELETE", "GET", "HEAD", "PATCH", "POST", "PUT")


async def _on_afterwork_error(request: Request, error: Exception) -> Response:
    if not isinstance(error, AfterworkError):
        raise error
    return problem_response(error, request.scope["path"])


async def _on_http_exception(request: Request, error: Exception) -> Response:
    """Answer what the router says by itself: no such address, or not by this method."""
    path = request.scope["path"]
    match error:
        case HTTPException(status_code=404):
            return problem_response(NotFound(), path)
        case HTTPException(status_code=405):
            allowed = ", ".join(allowed_methods(request.app.routes, path))
            detail = f"{request.method} is not possible here, but {allowed}"
            return problem_response(MethodNotAllowed(detail), path, headers={"Allow": allowed})
        case _:
            raise error


async def _on_validation_error(request: Request, error: Exception) -> Response:
    """Answer for parameters only: bodies are never read by the framework."""
    if not isinstance(error, RequestValidationError):
        raise error
    faults = "; ".join(f"{fault['loc'][-1]}: {fault['msg']}" for fault in error.errors()[:10])
    return problem_response(BadParameter(faults), request.scope["path"])


EXCEPTION_HANDLERS: dict[int | type[Exception], Callable[[Request, Any], Coroutine[Any, Any, Response]]] = {
    AfterworkError: _on_afterwork_error,
    HTTPException: _on_http_exception,
    RequestValidationError: _on_validation_error,
}


def allowed_methods(routes: Iterable[BaseRoute], path: str) -> list[str]:
    """Every method of `path`. The router's own `Allow` names only those of the first route that fits."""
    known = list(routes)
    return [method for method in _METHODS if any(_serves(route, method, path) for route in known)]


def _serves(route: BaseRoute, method: str, path: str) -> bool:
    scope = {"type": "http", "method": method, "path": path, "root_path": "", "headers": []}
    match, _ = route.matches(scope)
    return match is Match.FULL

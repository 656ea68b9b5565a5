"""Routes that are called directly are as protected as all others, and the others stay as they were."""

import httpx
import pytest
from fastapi import APIRouter, FastAPI, Security
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from afterwork.api_keys import ApiKey, Scope, named
from gateway.direct_route import DirectRoute
from gateway.http.authorization import Owner, needs
from gateway.http.error_handlers import EXCEPTION_HANDLERS
from gateway.parts import Built

CAME_WITH = {
    None: None,
    "reader": named("reader", [Scope.READ], "r"),
    "shop": named("shop", [Scope.SUBMIT], "s"),
}


async def _refusal() -> None:
    raise ValueError


def _router() -> APIRouter:
    router = APIRouter(route_class=DirectRoute)

    @router.post("/direct", dependencies=[needs(Scope.SUBMIT)])
    async def direct(request: Request, built: Built, owner: Owner) -> Response:
        return PlainTextResponse(f"{request.method} {built} {owner}")

    @router.post("/solved", dependencies=[needs(Scope.SUBMIT)])
    async def solved(built: Built, owner: Owner, size: int) -> Response:
        return PlainTextResponse(f"{size} {built} {owner}")

    @router.post("/guarded", dependencies=[needs(Scope.SUBMIT), Security(_refusal)])
    async def guarded(request: Request, built: Built, owner: Owner) -> Response:
        return await direct(request, built, owner)

    return router


async def _post(path: str, key: ApiKey | None) -> httpx.Response:
    app = FastAPI(exception_handlers=EXCEPTION_HANDLERS)
    app.state.parts = "parts"
    app.include_router(_router())

    @app.middleware("http")
    async def let_in(request: Request, call_next):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN202 - as Starlette has it
        request.state.api_key = key
        return await call_next(request)

    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://gateway") as http:
        return await http.post(path)


@pytest.mark.parametrize(
    ("path", "name", "status", "text"),
    [
        ("/direct", None, 200, "POST parts "),
        ("/direct", "shop", 200, "POST parts shop"),
        ("/direct", "reader", 403, "missing-scope"),
        ("/solved?size=3", "shop", 200, "3 parts shop"),
        ("/solved?size=x", "shop", 400, "bad-parameter"),
        ("/solved?size=3", "reader", 403, "missing-scope"),
    ],
)
async def test_a_route_is_protected_and_given_what_it_takes(
    path: str, name: str | None, status: int, text: str
) -> None:
    answer = await _post(path, CAME_WITH[name])

    assert answer.status_code == status
    assert text in answer.text


async def test_another_dependency_is_not_passed_over() -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - it has no text
        await _post("/guarded", CAME_WITH["shop"])

"""`/v1/notifications`, `/v1/tables`, `/v1/images`, `/v1/archives`: one address for each kind that is built in."""

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from afterwork.api_keys import Scope
from gateway.direct_route import DirectRoute
from gateway.http.authorization import Owner, needs
from gateway.http.json_body import read_json
from gateway.http.responses import problems
from gateway.jobs.accepting import ACCEPTS, REFUSES, SUBMISSION_HEADERS, accept
from gateway.jobs.idempotency import idempotency_key
from gateway.jobs.typed import TYPED, Typed, read_typed
from gateway.parts import Built

router = APIRouter(route_class=DirectRoute)


def _add(typed: Typed) -> None:
    async def submit(request: Request, built: Built, owner: Owner) -> Response:
        body = await read_json(request)
        wanted = read_typed(built.intake, typed.contract, body)
        return await accept(wanted, idempotency_key(request, body.raw), request, built, owner=owner)

    router.post(
        typed.path,
        operation_id=typed.operation,
        description=typed.contract.__doc__,
        tags=[typed.tag],
        dependencies=[needs(Scope.SUBMIT)],
        status_code=202,
        responses={**ACCEPTS, **problems(*REFUSES)},
        openapi_extra=SUBMISSION_HEADERS,
    )(submit)


for one in TYPED:
    _add(one)

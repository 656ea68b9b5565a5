"""`/v1/kinds`: what can be submitted."""

from fastapi import APIRouter
from starlette.responses import Response

from afterwork.api_keys import Scope
from gateway.http.authorization import needs
from gateway.http.responses import answer
from gateway.jobs.catalogue import KindList
from gateway.jobs.representation import json_response
from gateway.parts import Built

router = APIRouter(prefix="/v1/kinds", tags=["jobs"], dependencies=[needs(Scope.READ)])


@router.get("", operation_id="list_kinds", responses=answer(200, KindList, "All kinds."))
async def list_kinds(built: Built) -> Response:
    """List every kind with the JSON Schema of its payload, its queue and its defaults."""
    return json_response(built.kinds)

"""`/v1/kinds`: what can be submitted."""

from fastapi import APIRouter
from starlette.responses import Response

from afterwork.api_keys import Scope
from gateway.authorization import needs
from gateway.catalogue import KindList
from gateway.openapi import answer
from gateway.parts import Built
from gateway.representation import json_response

router = APIRouter(prefix="/v1/kinds", tags=["jobs"], dependencies=[needs(Scope.READ)])


@router.get("", operation_id="list_kinds", responses=answer(200, KindList, "All kinds."))
async def list_kinds(built: Built) -> Response:
    """List every kind with the JSON Schema of its payload, its queue and its defaults."""
    return json_response(built.kinds)

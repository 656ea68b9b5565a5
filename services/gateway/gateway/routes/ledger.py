"""`/v1/ledger`: whether every accepted job is accounted for."""

from fastapi import APIRouter
from starlette.responses import Response

from afterwork.api_keys import Scope
from afterwork.contracts import Ledger
from gateway.authorization import needs
from gateway.openapi import answer
from gateway.parts import Built
from gateway.representation import json_response

router = APIRouter(prefix="/v1/ledger", tags=["operation"], dependencies=[needs(Scope.READ)])


@router.get("", operation_id="get_ledger", responses=answer(200, Ledger, "The counts."))
async def get_ledger(built: Built) -> Response:
    """Count all jobs at one instant; `imbalance` is 0 unless one was lost or doubled."""
    return json_response(await built.client.ledger())

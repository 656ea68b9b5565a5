"""`/v1/ledger`: whether every accepted job is accounted for."""

from fastapi import APIRouter
from starlette.responses import Response

from afterwork.api_keys import Scope
from afterwork.contracts import Ledger
from gateway.http.authorization import needs
from gateway.http.responses import answer
from gateway.jobs.representation import json_response
from gateway.parts import Built

router = APIRouter(prefix="/v1/ledger", tags=["operation"], dependencies=[needs(Scope.READ)])


@router.get("", operation_id="get_ledger", responses=answer(200, Ledger, "The counts."))
async def get_ledger(built: Built) -> Response:
    """Count all jobs at one instant; `imbalance` is 0 unless one was lost or doubled."""
    return json_response(await built.client.ledger())

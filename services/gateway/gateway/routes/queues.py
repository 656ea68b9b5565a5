"""`/v1/queues`: what waits and runs."""

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict
from starlette.responses import Response

from afterwork.api_keys import Scope
from afterwork.contracts import QueueOverview
from gateway.http.authorization import needs
from gateway.http.responses import answer
from gateway.jobs.representation import json_response
from gateway.parts import Built

router = APIRouter(prefix="/v1/queues", tags=["operation"], dependencies=[needs(Scope.READ)])


class QueueList(BaseModel):
    """Every queue that ever had a job, by name."""

    model_config = ConfigDict(frozen=True)

    queues: list[QueueOverview]


@router.get("", operation_id="list_queues", responses=answer(200, QueueList, "All queues."))
async def list_queues(built: Built) -> Response:
    """Count the jobs of every queue and kind, and say how old the oldest due one is."""
    return json_response(QueueList(queues=await built.client.queues()))

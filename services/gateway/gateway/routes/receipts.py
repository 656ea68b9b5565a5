"""`/v1/jobs/{id}/receipt`: the proof of what a job has done, as its service left it in the store `receipts`."""

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from afterwork import errors
from afterwork.api_keys import Scope
from gateway.http.authorization import needs
from gateway.http.conditional import unless_known
from gateway.http.responses import IF_NONE_MATCH, content, headers, not_modified, problems
from gateway.parts import Built

router = APIRouter(prefix="/v1/jobs", tags=["jobs"])

STORE = "receipts"


@router.get(
    "/{job_id}/receipt",
    operation_id="get_job_receipt",
    dependencies=[needs(Scope.READ)],
    responses={
        **content("The receipt.", "application/json", {"schema": {}}, "ETag"),
        **not_modified(),
        **problems(errors.NotFound, errors.NotFinished, errors.StoreUnavailable),
    },
    openapi_extra=headers(IF_NONE_MATCH),
)
async def get_receipt(job_id: str, request: Request, built: Built) -> Response:
    """Show the receipt of a job that has ended; nothing is here for a kind that leaves none."""
    job = await built.client.get(job_id)
    if not job.state.is_final:
        raise errors.NotFinished(f"job {job_id} has not ended, so it has no receipt yet")
    try:
        place = built.stores.find(f"{STORE}/{job_id}.json")
        async with place.store.read(place.key) as reader:
            body = b"".join([chunk async for chunk in reader.chunks()])
    except (errors.ObjectMissing, errors.InvalidKey) as error:
        raise errors.NotFound(f"job {job_id} has no receipt") from error
    return unless_known(request, body, {"ETag": f'"{reader.info.etag}"'})

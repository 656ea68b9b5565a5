"""`/v1/objects`: what is in the stores, streamed in and out."""

from contextlib import aclosing

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from afterwork import errors
from afterwork.api_keys import Scope
from gateway.http.authorization import needs
from gateway.http.responses import IF_MATCH, IF_NONE_MATCH, answer, headers, not_modified, problems
from gateway.jobs.representation import json_response
from gateway.links import object_path
from gateway.objects.addresses import AskedKey
from gateway.objects.downloads import Download, plan, without_body
from gateway.objects.guarding import refuse_receipts
from gateway.objects.headers import tag
from gateway.objects.openapi import (
    BODY,
    DESCRIBING,
    IF_ABSENT,
    IF_RANGE,
    METADATA_HEADER,
    RANGE,
    TIER_HEADER,
    described,
    sent,
)
from gateway.objects.query import AskedObjects, query_parameters, token_after
from gateway.objects.resources import ObjectPage, ObjectResource, StoreList, StoreSummary, resource, summary
from gateway.objects.uploads import matched, upload
from gateway.parts import Built

router = APIRouter(prefix="/v1/objects", tags=["objects"])


@router.get(
    "",
    operation_id="list_stores",
    dependencies=[needs(Scope.READ)],
    responses=answer(200, StoreList, "All stores."),
)
async def list_stores(built: Built) -> Response:
    """List the stores that the operator has named."""
    return json_response(StoreList(stores=[StoreSummary(name=name) for name in built.stores.names]))


@router.get(
    "/{store}",
    operation_id="list_objects",
    dependencies=[needs(Scope.READ)],
    responses={
        **answer(200, ObjectPage, "One page."),
        **problems(errors.BadParameter, errors.InvalidKey, errors.ObjectMissing),
    },
    openapi_extra=query_parameters(),
)
async def list_objects(store: str, query: AskedObjects, built: Built) -> Response:
    """List the objects of a store by key. What they were said to be is shown by each one's own address."""
    found = []
    async with aclosing(built.stores[store].list(query.prefix, after=query.after)) as objects:
        async for info in objects:
            found.append(summary(store, info))
            if len(found) > query.page_size:
                break
    page = found[: query.page_size]
    token = token_after(page[-1].key) if len(found) > len(page) else None
    return json_response(ObjectPage(objects=page, next_page_token=token))


@router.get(
    "/{store}/{key:path}",
    operation_id="get_object",
    dependencies=[needs(Scope.READ)],
    response_class=Response,
    responses={
        **sent(),
        **not_modified("Cache-Control"),
        **problems(
            errors.InvalidKey, errors.ObjectMissing, errors.ObjectConflict, errors.RangeNotSatisfiable
        ),
    },
    openapi_extra=headers(RANGE, IF_RANGE, IF_NONE_MATCH, IF_MATCH),
)
async def get_object(store: str, key: AskedKey, built: Built) -> Response:
    """Send an object, or one range of its bytes. It is sent as a download: browsers run nothing of it."""
    return Download(built.stores[store], key)


@router.head(
    "/{store}/{key:path}",
    operation_id="head_object",
    dependencies=[needs(Scope.READ)],
    response_class=Response,
    responses={
        **described(200, "The object is there.", *DESCRIBING),
        **not_modified("Cache-Control"),
        **problems(errors.InvalidKey, errors.ObjectMissing, errors.ObjectConflict),
    },
    openapi_extra=headers(IF_NONE_MATCH, IF_MATCH),
)
async def head_object(store: str, key: AskedKey, request: Request, built: Built) -> Response:
    """Say of an object what GET says of it, without sending it."""
    info = await built.stores[store].stat(key)
    return without_body(plan(info, request.headers, method="HEAD"), info, request)


@router.put(
    "/{store}/{key:path}",
    operation_id="put_object",
    dependencies=[needs(Scope.SUBMIT)],
    responses={
        **answer(200, ObjectResource, "The object has replaced another.", "ETag"),
        **answer(201, ObjectResource, "The object is new.", "ETag", "Location"),
        **problems(
            errors.BadParameter,
            errors.InvalidKey,
            errors.ObjectMissing,
            errors.RequestTimeout,
            errors.ObjectConflict,
            errors.UnsupportedMediaType,
            errors.StoreFull,
        ),
    },
    openapi_extra={**headers(IF_MATCH, IF_ABSENT, TIER_HEADER, METADATA_HEADER), "requestBody": BODY},
)
async def put_object(store: str, key: AskedKey, request: Request, built: Built) -> Response:
    """Store an object of any size: whole, or not at all.

    Its content type is kept, and so is what headers named `Afterwork-Meta-…` say.
    """
    refuse_receipts(store, request)
    info, is_new = await upload(built.stores[store], key, request)
    told = {"ETag": tag(info), **({"Location": object_path(store, key)} if is_new else {})}
    return json_response(resource(store, info), 201 if is_new else 200, told)


@router.delete(
    "/{store}/{key:path}",
    operation_id="delete_object",
    dependencies=[needs(Scope.CONTROL)],
    status_code=204,
    response_class=Response,
    responses=problems(errors.BadParameter, errors.InvalidKey, errors.ObjectMissing, errors.ObjectConflict),
    openapi_extra=headers(IF_MATCH),
)
async def delete_object(store: str, key: AskedKey, request: Request, built: Built) -> Response:
    """Remove an object."""
    refuse_receipts(store, request)
    place = built.stores[store]
    expected = matched(await place.stat(key), request.headers, key)
    await place.delete(key, if_match=expected)
    return Response(status_code=204)

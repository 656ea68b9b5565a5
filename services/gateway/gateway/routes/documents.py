"""`/v1/documents`: what jobs have written down, read and searched by collection."""

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict
from starlette.requests import Request
from starlette.responses import Response

from afterwork import errors
from afterwork.api_keys import Scope
from afterwork.contracts.documents import CollectionSummary, Document, DocumentPage
from gateway.http.authorization import needs
from gateway.http.conditional import unless_known
from gateway.http.document_query import AskedDocuments, query_parameters
from gateway.http.responses import IF_NONE_MATCH, answer, headers, not_modified, problems
from gateway.jobs.representation import json_response
from gateway.parts import Built

router = APIRouter(prefix="/v1/documents", tags=["documents"], dependencies=[needs(Scope.READ)])


class CollectionList(BaseModel):
    """All collections, by name."""

    model_config = ConfigDict(frozen=True)

    collections: list[CollectionSummary]


@router.get(
    "",
    operation_id="list_collections",
    responses={**answer(200, CollectionList, "All collections."), **problems(errors.DocumentsUnavailable)},
)
async def list_collections(built: Built) -> Response:
    """List the collections and count their documents."""
    return json_response(CollectionList(collections=await built.documents.collections()))


@router.get(
    "/{collection}",
    operation_id="list_documents",
    responses={
        **answer(200, DocumentPage, "One page; empty for a collection that nobody has put anything into."),
        **problems(errors.BadParameter, errors.DocumentsUnavailable),
    },
    openapi_extra=query_parameters(),
)
async def list_documents(collection: str, query: AskedDocuments, built: Built) -> Response:
    """List the documents of a collection, newest first, or those whose fields have given values.

    Any other parameter is a filter: the path of a field of the body, its names joined by dots, and the value that it
    must have, such as `metadata.format=JPEG`. Several filters must all be met.
    """
    page = await built.documents.find(
        collection, query.where, order=query.order, page_size=query.page_size, page_token=query.page_token
    )
    return json_response(page)


@router.get(
    "/{collection}/{document_id}",
    operation_id="get_document",
    responses={
        **answer(200, Document, "The document.", "ETag"),
        **not_modified(),
        **problems(errors.DocumentMissing, errors.DocumentsUnavailable),
    },
    openapi_extra=headers(IF_NONE_MATCH),
)
async def get_document(collection: str, document_id: str, request: Request, built: Built) -> Response:
    """Show one document."""
    document = await built.documents.get(collection, document_id)
    return unless_known(request, document.model_dump_json().encode(), {"ETag": f'"{document.etag}"'})

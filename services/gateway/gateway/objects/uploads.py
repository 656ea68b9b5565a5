"""Takes an object in as it comes."""

from starlette.datastructures import Headers
from starlette.requests import Request

from afterwork.errors import BadParameter, ObjectConflict, ObjectMissing, UnsupportedMediaType
from afterwork.stores import ObjectInfo, Store
from gateway.http.conditional import is_met
from gateway.objects.headers import tag, traits_from


async def upload(store: Store, key: str, request: Request) -> tuple[ObjectInfo, bool]:
    """Store the request's body as the object; and whether there was none before.

    Raises ObjectConflict where `If-Match` or `If-None-Match` does not hold, BadParameter, UnsupportedMediaType,
    InvalidKey, StoreFull and StoreUnavailable.
    """
    _refuse_parts(request.headers)
    traits = traits_from(request.headers)
    is_new_only = _is_new_only(request.headers)
    there = await _there(store, key)
    expected = matched(there, request.headers, key)
    info = await store.write(key, request.stream(), traits, if_match=expected, if_absent=is_new_only)
    return info, there is None


def matched(there: ObjectInfo | None, asked: Headers, key: str) -> str | None:
    """The ETag that the object must still have when it is changed; None without an `If-Match`.

    Raises ObjectConflict if it does not have it now.
    """
    if_match = asked.getlist("if-match")
    if not if_match:
        return None
    if there is None:
        raise ObjectConflict(f"{key} does not exist")
    if not is_met(tag(there), if_match):
        raise ObjectConflict(f"{key} has changed: its ETag is {tag(there)}")
    return there.etag


async def _there(store: Store, key: str) -> ObjectInfo | None:
    try:
        return await store.stat(key)
    except ObjectMissing:
        return None


def _is_new_only(asked: Headers) -> bool:
    values = [value.strip() for value in asked.getlist("if-none-match")]
    if values not in ([], ["*"]):
        raise BadParameter("If-None-Match: only * can be asked for here: that there is no such object")
    return values == ["*"]


def _refuse_parts(asked: Headers) -> None:
    if "content-range" in asked:
        raise BadParameter("Content-Range: an object is sent as a whole")
    if asked.get("content-encoding", "identity").strip().lower() != "identity":
        raise UnsupportedMediaType("the body is compressed; send it as it is to be stored")

"""Why an object or a document cannot be had as it was asked for."""

from afterwork.errors.base import RequestError


class InvalidKey(RequestError):
    """What names an object is no `store/key` that can be here: see the rules for keys in `docs/objects.md`."""

    code, title, status = "invalid-key", "This is no name of an object", 400


class ObjectMissing(RequestError):
    """There is no such object, or no store of that name. `detail` says which."""

    code, title, status = "object-missing", "There is no such object", 404


class ObjectConflict(RequestError):
    """The object is not as the request demands (`If-Match`, `If-None-Match`): it exists, or has changed, meanwhile."""

    code, title, status = "object-conflict", "The object is not as demanded", 412


class RangeNotSatisfiable(RequestError):
    """The `Range` lies beyond the end of the object. `Content-Range` says how many bytes there are."""

    code, title, status = "range-not-satisfiable", "The object has no such range", 416


class DocumentMissing(RequestError):
    """There is no document of this id in the collection."""

    code, title, status = "document-missing", "There is no such document", 404

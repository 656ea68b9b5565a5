"""What obstore raises, in the words of the port. What it says itself goes to the log: it may name addresses."""

import logging
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from obstore.exceptions import (
    AlreadyExistsError,
    BaseError,
    PermissionDeniedError,
    PreconditionError,
    UnauthenticatedError,
)

from afterwork.errors import AfterworkError, ObjectConflict, ObjectMissing, StoreUnavailable

logger = logging.getLogger(__name__)

_CODE = re.compile(r"<Code>(\w+)</Code>")
_ARCHIVED = {"InvalidObjectState", "BlobArchived", "BlobBeingRehydrated"}
_NO_BUCKET = {"NoSuchBucket", "ContainerNotFound", "ContainerBeingDeleted"}
_NO_KEY = "Encountered object with invalid path"
_LENGTH = 500


class NoSuchObject(ObjectMissing):
    """ObjectMissing, of which it is not known whether there is a bucket at all."""


@contextmanager
def told(store: str, key: str, secrets: Sequence[str]) -> Iterator[None]:
    """Translate what obstore raises inside. secrets: what must not get into the log."""
    try:
        yield
    except (BaseError, FileNotFoundError) as error:
        translated = _translated(error, store, key)
        if isinstance(translated, StoreUnavailable):
            logger.warning("store %s: %s", store, _without(secrets, str(error)))
        raise translated from None  # its text would stand in tracebacks


def _translated(error: Exception, store: str, key: str) -> AfterworkError:  # noqa: PLR0911 - a table
    code = _CODE.search(str(error))
    match error:
        case BaseError() | FileNotFoundError() if code and code[1] in _ARCHIVED:
            return ObjectConflict(f"{store}/{key} is archived and has to be restored first")
        case FileNotFoundError() if code and code[1] in _NO_BUCKET:
            return StoreUnavailable(f"store {store}: its bucket or container does not exist")
        case FileNotFoundError():
            return NoSuchObject(f"there is no object {store}/{key}")
        case AlreadyExistsError():
            return ObjectConflict(f"{key} exists")
        case PreconditionError():
            return ObjectConflict(f"{key} has changed, or is not there any more")
        case PermissionDeniedError() | UnauthenticatedError():
            return StoreUnavailable(f"store {store} refuses the credentials that it is opened with")
        case _ if _NO_KEY in str(error):
            return StoreUnavailable(f"store {store} holds an object whose key cannot be here, such as a//b")
        case _:
            return StoreUnavailable(f"store {store} cannot be reached, or answers with errors")


def _without(secrets: Sequence[str], text: str) -> str:
    text = re.sub(r"\?\S*", "?…", text.partition("\n\nDebug source")[0])
    for secret in secrets:
        text = text.replace(secret, "…")
    return text[:_LENGTH]

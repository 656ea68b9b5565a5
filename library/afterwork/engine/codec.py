"""Between values and bytes: payloads and results in ARQ's envelopes, always JSON, and problem documents."""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any, TypeVar

from pydantic import ValidationError
from pydantic_core import from_json, to_jsonable_python

from afterwork import errors
from afterwork.contracts import Contract

MAX_RESULT = 1024 * 1024
"""The largest result, in bytes of JSON."""
MAX_CHECKPOINT = 64 * 1024
"""The largest checkpoint, in bytes of JSON."""
MAX_DETAIL = 2000
"""Characters of an exception's text that are kept."""
MAX_POINTER = 500
"""Characters of a pointer into a payload."""
MAX_FAULTS = 1000
"""Beyond this many they are only counted: 1 MiB can be wrong in hundreds of thousands of places."""

C = TypeVar("C", bound=Contract)

_OWN_TAIL = re.compile(rb'],"k":\{\},"et":\d+\}')


def dumps(value: Any) -> bytes:  # noqa: ANN401 - any JSON value
    """ARQ's serializer for kinds: JSON. Raises ValueError or TypeError for what JSON cannot hold."""
    return json.dumps(value, allow_nan=False, ensure_ascii=False, separators=(",", ":")).encode()


def loads(data: bytes) -> Any:  # noqa: ANN401 - any JSON value
    """ARQ's deserializer for kinds. Raises ValueError for anything but JSON."""
    return from_json(data)


def encode_payload(job: Contract, enqueued_ms: int) -> bytes:
    """A job's payload in ARQ's envelope: function name, one positional argument, the client's enqueue time.

    Raises InvalidPayload for what no reader could take apart again, such as values nested too deep.
    """
    return _enveloped(job.meta.kind, lambda: job.model_dump_json(by_alias=True).encode(), enqueued_ms)


def encode_untyped(kind: str, payload: Mapping[str, Any], enqueued_ms: int) -> bytes:
    """The same of a payload whose contract is not known, or which it does not fit."""
    return _enveloped(kind, lambda: dumps(payload), enqueued_ms)


def _enveloped(kind: str, encode: Callable[[], bytes], enqueued_ms: int) -> bytes:
    try:
        envelope = b'{"t":null,"f":"%b","a":[%b],"k":{},"et":%d}' % (kind.encode(), encode(), enqueued_ms)
        loads(envelope)
    except ValueError as error:
        message = _short(f"the payload cannot be written as JSON: {error}")
        raise errors.InvalidPayload(message) from error
    return envelope


def decode_payload(contract: type[C], envelope: bytes) -> C:
    """The payload as its contract, validated. Raises Undecodable or PayloadInvalid."""
    body = _own_body(contract.meta.kind, envelope)
    if body is not None:
        with suppress(ValidationError):  # which is told in words below
            return contract.model_validate_json(body)
    return _decode_any(contract, envelope)


def _own_body(kind: str, envelope: bytes) -> bytes | None:
    """The payload in an envelope as `_enveloped` writes it, cut out, so that it is parsed only once."""
    head = b'{"t":null,"f":"%b","a":[' % kind.encode()
    end = envelope.rfind(b'],"k":{},"et":')
    is_own = envelope.startswith(head) and _OWN_TAIL.fullmatch(envelope, end) and b"NaN" not in envelope
    return envelope[len(head) : end] if is_own else None


def _decode_any(contract: type[C], envelope: bytes) -> C:
    """The same for whatever has been written there."""
    try:
        content = loads(envelope)
        (payload,) = content["a"]
        body = dumps(payload)
        function = content.get("f", contract.meta.kind)
    except (ValueError, TypeError, KeyError) as error:
        raise errors.Undecodable(_short(str(error))) from error
    if function != contract.meta.kind:
        raise errors.Undecodable(f"it is for another function than {contract.meta.kind}")
    try:
        return contract.model_validate_json(body)
    except ValidationError as error:
        raise errors.PayloadInvalid(misfit_text(error, payload)) from error


def misfit_text(error: ValidationError, payload: Any) -> str:  # noqa: ANN401 - any JSON value
    """The first place at which a payload does not fit its contract, as a JSON pointer, and why; no values of it."""
    count = error.error_count()
    if count > MAX_FAULTS:
        return f"has {count} errors, too many to name"
    fault = error.errors(include_url=False, include_context=False, include_input=False)[0]
    more = f" (and {count - 1} more)" if count > 1 else ""
    message = "is missing" if fault["type"] == "missing" else fault["msg"].removeprefix("Value error, ")
    pointer = _pointer(fault["loc"], payload, is_missing=fault["type"] == "missing")
    return _short(f"{pointer or 'the payload'}: {message}", MAX_DETAIL - len(more)) + more


def _pointer(location: Sequence[str | int], place: Any, *, is_missing: bool) -> str:  # noqa: ANN401 - JSON
    """As in RFC 6901. Pydantic's names of union members are left out; what lies too deep is told of what is above."""
    here = ""
    for depth, part in enumerate(location, start=1):
        match place, part:
            case dict(), _ if part in place:
                place = place[part]
            case list(), int() if part < len(place):
                place = place[part]
            case _ if not (is_missing and depth == len(location)):
                continue
        longer = f"{here}/{str(part).replace('~', '~0').replace('/', '~1')}"
        if len(longer) > MAX_POINTER:
            break
        here = longer
    return here


def payload_of(envelope: bytes) -> Any:  # noqa: ANN401 - any JSON value
    """The payload in an envelope as a JSON value, not checked against its contract. Raises Undecodable."""
    try:
        arguments = loads(envelope)["a"]
        return arguments[0] if arguments else None
    except (ValueError, TypeError, KeyError, IndexError) as error:
        raise errors.Undecodable(_short(str(error))) from error


def encode_result(value: Any) -> bytes:  # noqa: ANN401 - whatever the handler returned
    """A handler's result as JSON: models, dataclasses, dates and the like included.

    Raises ResultNotJson (`NaN`, infinity and lone surrogates too) or ResultTooLarge (over 1 MiB).
    """
    encoded = _encode(value, "was returned")
    if len(encoded) > MAX_RESULT:
        message = f"the result takes {len(encoded)} bytes as JSON, at most {MAX_RESULT} are kept"
        raise errors.ResultTooLarge(message)
    return encoded


def encode_checkpoint(value: Any) -> bytes:  # noqa: ANN401 - whatever the handler wants to find again
    """A handler's checkpoint as JSON. Raises ResultNotJson, or CheckpointTooLarge (over 64 KiB)."""
    encoded = _encode(value, "was given as a checkpoint")
    if len(encoded) > MAX_CHECKPOINT:
        message = f"the checkpoint takes {len(encoded)} bytes as JSON, at most {MAX_CHECKPOINT} are kept"
        raise errors.CheckpointTooLarge(message)
    return encoded


def _encode(value: Any, what: str) -> bytes:  # noqa: ANN401 - whatever a handler has
    if value is None:
        return b"null"
    try:
        encoded = dumps(to_jsonable_python(value))
        loads(b'{"r":%b}' % encoded)
    except Exception as error:  # a value's own serializer may raise anything
        message = f"a {type(value).__name__} {what}: {_text(error)}"
        raise errors.ResultNotJson(_short(message)) from error
    return encoded


def result_of(envelope: bytes) -> Any:  # noqa: ANN401 - any JSON value
    """The result or problem in ARQ's result envelope."""
    return loads(envelope)["r"]


def problem_json(
    kind: type[errors.JobError], detail: str = "", *, attempt: int | None = None, exception: str | None = None
) -> bytes:
    """A problem document (RFC 9457) that tells how an attempt or a job failed."""
    document: dict[str, Any] = {
        "type": f"/problems/{kind.code}",
        "title": kind.title,
        "status": kind.status,
        "detail": _short(detail or kind.title),
        "retryable": kind.retryable,
    }
    if attempt is not None:
        document["attempt"] = attempt
    if exception is not None:
        document["exception"] = exception
    return dumps(document)


def exception_text(error: BaseException) -> str:
    """`Class: message`, whatever the exception's own `__str__` does."""
    return _short(f"{type(error).__name__}: {_text(error)}")


def _text(error: BaseException) -> str:
    try:
        return str(error)
    except BaseException:  # noqa: BLE001 - a broken __str__ must not hide the failure
        return "(its message cannot be shown)"


def _short(text: str, length: int = MAX_DETAIL) -> str:
    clean = text.encode("utf-8", "replace").decode()
    return clean if len(clean) <= length else clean[: length - 1] + "…"


OWN_PROBLEMS = {
    kind.code: problem_json(kind)
    for kind in (errors.WorkerLost, errors.JobCancelled, errors.Undecodable, errors.Expired)
}
"""By code, the problems with which the scripts themselves end jobs and attempts."""

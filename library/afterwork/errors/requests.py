"""Why a request cannot be served as it is."""

from afterwork.errors.base import RequestError


class MalformedJson(RequestError):
    """The body is not JSON that can be accepted.

    That is: not UTF-8, a lone surrogate, `NaN` or `Infinity`, a number beyond the range of a double, or nested
    too deep. Send well-formed JSON (RFC 8259).
    """

    code, title, status = "malformed-json", "The body is not acceptable JSON", 400


class MalformedRequest(RequestError):
    """What was sent is not HTTP/1.1 that can be read: an unknown method, a broken header, length or chunk."""

    code, title, status = "malformed-request", "The request is not acceptable HTTP", 400


class RequestTimeout(RequestError):
    """The request did not arrive as a whole, head and body, within the time that the gateway gives it.

    That is `AFTERWORK_GATEWAY__REQUEST_TIMEOUT`, 30 seconds by default. Nothing was done; send it again, faster.
    """

    code, title, status = "request-timeout", "The request took too long to arrive", 408


class BadParameter(RequestError):
    """A query parameter or header has a value that cannot be used; `detail` names it and says what is expected."""

    code, title, status = "bad-parameter", "A parameter has an unusable value", 400


class Unauthenticated(RequestError):
    """The request carries no API key that is known here. Send `Authorization: Bearer <key>`.

    A key that was revoked is as unknown as one that never was.
    """

    code, title, status = "unauthenticated", "An API key is needed", 401


class MissingScope(RequestError):
    """The API key is known, but none of its scopes allows this. `detail` names the scope that does."""

    code, title, status = "missing-scope", "The API key does not allow this", 403

    def __init__(self, scope: str) -> None:
        super().__init__(f"this API key has no scope {scope}")
        self.scope = scope


class NotFound(RequestError):
    """There is nothing at this address. A job may have been there and been removed after its retention."""

    code, title, status = "not-found", "There is nothing here", 404


class MethodNotAllowed(RequestError):
    """The address exists, but not for this method. The `Allow` header lists the methods that it has."""

    code, title, status = "method-not-allowed", "The method is not allowed here", 405


class DuplicateJob(RequestError):
    """A job of the same kind with the same `unique_key` has not ended yet. `Location` is that job's address."""

    code, title, status = "duplicate-job", "A live job has this unique key", 409

    def __init__(self, job_id: str) -> None:
        super().__init__(f"job {job_id} of the same kind has this unique key and has not ended")
        self.job_id = job_id


class NotFinished(RequestError):
    """The job has not ended yet, so what was asked for is not there or not possible. Ask again later."""

    code, title, status = "not-finished", "The job has not ended yet", 409


class NotWaiting(RequestError):
    """The job runs already. Only a job that is scheduled or queued can be changed."""

    code, title, status = "not-waiting", "The job is not waiting any more", 409


class AlreadyFinished(RequestError):
    """The job has ended already, in a state in which this is not possible."""

    code, title, status = "already-finished", "The job has ended already", 409


class PreconditionFailed(RequestError):
    """The job is not any more as it was under the `ETag` given in `If-Match`. Read it again and decide anew."""

    code, title, status = "precondition-failed", "The job has changed meanwhile", 412


class PayloadTooLarge(RequestError):
    """The body is larger than what a job may carry (1 MiB). Put large inputs elsewhere and name them in the job."""

    code, title, status = "payload-too-large", "The body is too large", 413


class UnsupportedMediaType(RequestError):
    """The body's media type is not one that is read here. Send `Content-Type: application/json`."""

    code, title, status = "unsupported-media-type", "The media type is not supported", 415


class InvalidPayload(RequestError):
    """The body is JSON, but not what is expected here. `errors` names each place by a JSON pointer (RFC 6901)."""

    code, title, status = "invalid-payload", "The body does not fit its contract", 422


class UnknownKind(RequestError):
    """No contract of this kind is registered. `GET /v1/kinds` lists those that are."""

    code, title, status = "unknown-kind", "There is no such kind of job", 422


class IdempotencyMismatch(RequestError):
    """The `Idempotency-Key` was used within the last 24 hours with another body. Use a new key for a new request."""

    code, title, status = "idempotency-mismatch", "The idempotency key belongs to another request", 422

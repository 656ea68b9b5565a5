"""Every error that Afterwork shows to somebody, as one tree.

    AfterworkError                      code, title, status: one problem type (RFC 9457) each
    ├── RequestError                    the caller's request cannot be served as it is
    │   ├── MalformedJson · MalformedRequest · RequestTimeout
    │   ├── BadParameter · NotFound · MethodNotAllowed · UnsupportedMediaType
    │   ├── Unauthenticated · MissingScope
    │   ├── DuplicateJob · NotFinished · NotWaiting · AlreadyFinished · PreconditionFailed · PayloadTooLarge
    │   └── InvalidPayload · UnknownKind · IdempotencyMismatch
    ├── UnavailableError                the request is fine, the system is not
    │   └── QueueUnavailable · QueueFull · InternalError
    └── JobError                        how a job, or one attempt of it, ended
        ├── HandlerError · HandlerFailed · JobTimeout · WorkerLost
        ├── ResultTooLarge · ResultNotJson · CheckpointTooLarge · PayloadInvalid
        └── UnknownFunction · Undecodable · JobCancelled · Expired

`docs/problems.md` and the gateway's `/problems/{code}` pages are generated from this file.
"""

from collections.abc import Iterator
from typing import ClassVar


class AfterworkError(Exception):
    """Base of the tree. The class docstrings below are what a problem page says."""

    code: ClassVar[str] = ""
    title: ClassVar[str] = ""
    status: ClassVar[int] = 500

    def __init__(self, detail: str = "") -> None:
        super().__init__(detail or self.title)
        self.detail = detail or self.title


class RequestError(AfterworkError):
    """The request cannot be served as it is."""

    status = 400


class UnavailableError(AfterworkError):
    """The request is fine, but the system cannot serve it now."""

    status = 503


class JobError(AfterworkError):
    """How a job, or one attempt of it, ended. `retryable`: whether another attempt may help."""

    retryable: ClassVar[bool] = False


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


class QueueUnavailable(UnavailableError):
    """Redis does not answer. Nothing is known to be stored; repeat the request with the same `Idempotency-Key`."""

    code, title, status = "queue-unavailable", "The queue cannot be reached", 503


class QueueFull(UnavailableError):
    """Redis has no memory left for new jobs. Accepted jobs are safe and go on; repeat the request later."""

    code, title, status = "queue-full", "The queue is full", 503


class InternalError(UnavailableError):
    """Afterwork failed. The `id` in the answer stands in the log beside the cause."""

    code, title, status = "internal-error", "Something went wrong inside", 500


class HandlerError(JobError):
    """The handler raised an exception. It is retried with backoff until `max_attempts`."""

    code, title, retryable = "handler-error", "The handler raised an exception", True


class HandlerFailed(JobError):
    """The handler said that the job cannot succeed (`Fail`), so it is not retried."""

    code, title = "handler-failed", "The handler gave up on the job"


class JobTimeout(JobError):
    """The attempt took longer than the job's `timeout`. It counts as a failed attempt."""

    code, title, retryable = "timeout", "The attempt took too long", True


class WorkerLost(JobError):
    """The worker died, or was out of reach for longer than its lease, while it ran the job.

    The job starts again; if its workers die three times, it ends as failed, because it is likely to be what
    kills them.
    """

    code, title, retryable = "worker-lost", "The worker was lost while it ran the job", True


class ResultTooLarge(JobError):
    """The handler's result is larger than 1 MiB as JSON. Store it elsewhere and return its name."""

    code, title = "result-too-large", "The result is too large"


class ResultNotJson(JobError):
    """The handler returned something that cannot be written as JSON (RFC 8259), `NaN` and infinity included."""

    code, title = "result-not-json", "The result cannot be written as JSON"


class CheckpointTooLarge(JobError):
    """The handler's checkpoint is larger than 64 KiB as JSON. Keep the data in a file or store, and its name here."""

    code, title = "checkpoint-too-large", "The checkpoint is too large"


class PayloadInvalid(JobError):
    """The stored payload does not fit the contract that the worker knows; worker and client differ in version."""

    code, title = "payload-invalid", "The stored payload does not fit its contract"


class UnknownFunction(JobError):
    """The worker that claimed the job has no handler for its kind."""

    code, title = "unknown-function", "The worker has no handler for this kind"


class Undecodable(JobError):
    """The stored payload is missing or cannot be read."""

    code, title = "undecodable", "The stored payload cannot be read"


class JobCancelled(JobError):
    """The job was cancelled before it ended."""

    code, title = "cancelled", "The job was cancelled"


class Expired(JobError):
    """The job was not started by its `start_before`, so it was cancelled."""

    code, title = "expired", "The job was not started in time"


def problem_types(base: type[AfterworkError] = AfterworkError) -> Iterator[type[AfterworkError]]:
    """Every class of the tree that has a code of its own, in the order of this file."""
    for cls in base.__subclasses__():
        if cls.code:
            yield cls
        yield from problem_types(cls)

"""Every error that Afterwork shows to somebody, as one tree.

    AfterworkError                      code, title, status: one problem type (RFC 9457) each
    ├── RequestError                    the caller's request cannot be served as it is
    │   ├── MalformedJson · MalformedRequest · RequestTimeout
    │   ├── BadParameter · NotFound · MethodNotAllowed · UnsupportedMediaType
    │   ├── Unauthenticated · MissingScope
    │   ├── DuplicateJob · NotFinished · NotWaiting · AlreadyFinished · PreconditionFailed · PayloadTooLarge
    │   ├── InvalidPayload · UnknownKind · IdempotencyMismatch
    │   └── InvalidKey · ObjectMissing · ObjectConflict · RangeNotSatisfiable · DocumentMissing
    ├── UnavailableError                the request is fine, the system is not
    │   ├── QueueUnavailable · QueueFull · InternalError
    │   └── StoreUnavailable · StoreFull · DocumentsUnavailable
    └── JobError                        how a job, or one attempt of it, ended
        ├── HandlerError · HandlerFailed · JobTimeout · WorkerLost
        ├── ResultTooLarge · ResultNotJson · CheckpointTooLarge · PayloadInvalid
        ├── UnknownFunction · Undecodable · JobCancelled · OutcomeUnknown · Expired
        └── InputInvalid · EgressRefused · OutOfMemory

`docs/problems.md` and the gateway's `/problems/{code}` pages are generated from these classes.
"""

from afterwork.errors.base import (
    AfterworkError,
    JobError,
    RequestError,
    UnavailableError,
    problem_types,
)
from afterwork.errors.jobs import (
    CheckpointTooLarge,
    EgressRefused,
    Expired,
    HandlerError,
    HandlerFailed,
    InputInvalid,
    JobCancelled,
    JobTimeout,
    OutcomeUnknown,
    OutOfMemory,
    PayloadInvalid,
    ResultNotJson,
    ResultTooLarge,
    Undecodable,
    UnknownFunction,
    WorkerLost,
)
from afterwork.errors.objects import (
    DocumentMissing,
    InvalidKey,
    ObjectConflict,
    ObjectMissing,
    RangeNotSatisfiable,
)
from afterwork.errors.requests import (
    AlreadyFinished,
    BadParameter,
    DuplicateJob,
    IdempotencyMismatch,
    InvalidPayload,
    MalformedJson,
    MalformedRequest,
    MethodNotAllowed,
    MissingScope,
    NotFinished,
    NotFound,
    NotWaiting,
    PayloadTooLarge,
    PreconditionFailed,
    RequestTimeout,
    Unauthenticated,
    UnknownKind,
    UnsupportedMediaType,
)
from afterwork.errors.unavailable import (
    DocumentsUnavailable,
    InternalError,
    QueueFull,
    QueueUnavailable,
    StoreFull,
    StoreUnavailable,
)

__all__ = [
    "AfterworkError",
    "AlreadyFinished",
    "BadParameter",
    "CheckpointTooLarge",
    "DocumentMissing",
    "DocumentsUnavailable",
    "DuplicateJob",
    "EgressRefused",
    "Expired",
    "HandlerError",
    "HandlerFailed",
    "IdempotencyMismatch",
    "InputInvalid",
    "InternalError",
    "InvalidKey",
    "InvalidPayload",
    "JobCancelled",
    "JobError",
    "JobTimeout",
    "MalformedJson",
    "MalformedRequest",
    "MethodNotAllowed",
    "MissingScope",
    "NotFinished",
    "NotFound",
    "NotWaiting",
    "ObjectConflict",
    "ObjectMissing",
    "OutOfMemory",
    "OutcomeUnknown",
    "PayloadInvalid",
    "PayloadTooLarge",
    "PreconditionFailed",
    "QueueFull",
    "QueueUnavailable",
    "RangeNotSatisfiable",
    "RequestError",
    "RequestTimeout",
    "ResultNotJson",
    "ResultTooLarge",
    "StoreFull",
    "StoreUnavailable",
    "Unauthenticated",
    "UnavailableError",
    "Undecodable",
    "UnknownFunction",
    "UnknownKind",
    "UnsupportedMediaType",
    "WorkerLost",
    "problem_types",
]

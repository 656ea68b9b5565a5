"""What of the system cannot be used now."""

from afterwork.errors.base import UnavailableError


class QueueUnavailable(UnavailableError):
    """Redis does not answer. Nothing is known to be stored; repeat the request with the same `Idempotency-Key`."""

    code, title, status = "queue-unavailable", "The queue cannot be reached", 503


class QueueFull(UnavailableError):
    """Redis has no memory left for new jobs. Accepted jobs are safe and go on; repeat the request later."""

    code, title, status = "queue-full", "The queue is full", 503


class InternalError(UnavailableError):
    """Afterwork failed. The `id` in the answer stands in the log beside the cause."""

    code, title, status = "internal-error", "Something went wrong inside", 500


class StoreUnavailable(UnavailableError):
    """The store cannot be reached, or refuses Afterwork. `detail` names the store; the cause stands in the log."""

    code, title, status = "store-unavailable", "The store cannot be reached", 503


class StoreFull(UnavailableError):
    """The store has no room for the object. Nothing of it is kept."""

    code, title, status = "store-full", "The store is full", 507


class DocumentsUnavailable(UnavailableError):
    """The database of the documents cannot be reached; the cause stands in the log."""

    code, title, status = "documents-unavailable", "The documents cannot be reached", 503

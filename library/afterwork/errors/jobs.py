"""How a job, or one attempt of it, ended."""

from afterwork.errors.base import JobError


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
    """The stored payload does not fit the contract that the worker knows; worker and client differ in version.

    Or it was to be filled in when the job before had succeeded (`options.then`), and what that returned did not fit;
    then `detail` names the placeholder.
    """

    code, title = "payload-invalid", "The stored payload does not fit its contract"


class UnknownFunction(JobError):
    """The worker that claimed the job has no handler for its kind."""

    code, title = "unknown-function", "The worker has no handler for this kind"


class Undecodable(JobError):
    """The stored payload is missing or cannot be read."""

    code, title = "undecodable", "The stored payload cannot be read"


class OutcomeUnknown(JobError):
    """The job was run by an ARQ worker without records, which kept no result, so nobody knows how it ended."""

    code, title = "outcome-unknown", "Nobody knows how the job ended"


class JobCancelled(JobError):
    """The job was cancelled before it ended."""

    code, title = "cancelled", "The job was cancelled"


class Expired(JobError):
    """The job was not started by its `start_before`, so it was cancelled."""

    code, title = "expired", "The job was not started in time"


class InputInvalid(JobError):
    """The input that the job names cannot be worked on as it is, so another attempt would not help.

    `detail` says what is wrong and where: the row of a table, the position in an expression, the object.
    """

    code, title = "input-invalid", "The input cannot be used"


class EgressRefused(JobError):
    """The job names an address that Afterwork must not call: one outside the public Internet, or no `https:`.

    The operator can allow it by `AFTERWORK_EGRESS__ALLOW`.
    """

    code, title = "egress-refused", "The address may not be called"


class OutOfMemory(JobError):
    """The job needed more memory than a job may have, so the process that ran it was killed. It is not retried."""

    code, title = "out-of-memory", "The job needed too much memory"

"""What can be wrong with a server, each as one sentence that says what to do, without addresses and passwords."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from redis.exceptions import (
    AuthenticationError,
    BusyLoadingError,
    NoPermissionError,
    ReadOnlyError,
    ResponseError,
)


class Severity(StrEnum):
    """fault: jobs cannot be accepted, or may be lost. warning: it works, but is worth less than it could be."""

    FAULT = "fault"
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is not as it should be. code: stands in `docs/redis.md`. text: one sentence with a remedy.

    lasts: a fault that no waiting mends, so that a process which meets it at its start had better end.
    """

    code: str
    severity: Severity
    text: str
    lasts: bool = False


def fault(code: str, text: str, *, lasts: bool = False) -> Finding:
    """A finding with which jobs are not safe or not possible."""
    return Finding(code, Severity.FAULT, text, lasts)


def warning(code: str, text: str) -> Finding:
    """A finding that only lessens what a confirmation is worth, or announces a fault."""
    return Finding(code, Severity.WARNING, text)


READ_ONLY = fault(
    "read-only",
    "Redis is a read-only replica: name its primary in AFTERWORK_REDIS__URL, or wait for its promotion",
)
APPEND_ONLY_FAILS = fault(
    "append-only-fails", "Redis cannot write its append-only file: free its disk, or see its log"
)
_SNAPSHOT_FAILS = fault(
    "snapshot-fails", "Redis cannot save its snapshots, so it refuses writes: free its disk, or see its log"
)
_AWAY = fault("away", "Redis does not answer")
_LOADING = fault("loading", "Redis is loading its data")
_FULL_OF_CLIENTS = fault(
    "too-many-clients", "Redis has as many connections as it allows: raise its maxclients"
)
_NO_PASSWORD = fault(
    "password-needed", "Redis asks for a password: put it into AFTERWORK_REDIS__URL", lasts=True
)
_UNASKED_PASSWORD = fault(
    "password-unknown",
    "Redis has no password, but AFTERWORK_REDIS__URL does: set requirepass there, or leave it out here",
    lasts=True,
)
_WRONG_PASSWORD = fault(
    "password-wrong", "Redis refuses the user name or password in AFTERWORK_REDIS__URL", lasts=True
)

_BY_CODE = {
    "NOREPLICAS": fault(
        "replicas-missing", "Redis has fewer replicas than its min-replicas-to-write: bring them back"
    ),
    "MASTERDOWN": fault("read-only", "Redis is a replica that has lost its primary: name the new primary"),
    "BUSY": fault("busy", "Redis is busy with a script of somebody else: end it by SCRIPT KILL"),
    "READONLY": READ_ONLY,
    "LOADING": _LOADING,
    "MOVED": fault(
        "cluster", "Redis runs in cluster mode: give Afterwork a server that does not", lasts=True
    ),
}
"""By the first word of the server's answer."""


def finding_of(error: BaseException) -> Finding:
    """What an error of a call means."""
    for cause in causes(error):
        found = _refusal(cause)
        if found is not None:
            return found
    return _AWAY


def causes(error: BaseException) -> Iterator[BaseException]:
    """The error and what it was raised from: redis-py wraps what happens while it connects."""
    cause: BaseException | None = error
    while cause is not None:
        yield cause
        cause = cause.__cause__ or cause.__context__


def _refusal(cause: BaseException) -> Finding | None:
    match cause:
        case AuthenticationError():
            return _on_password(str(cause))
        case NoPermissionError():
            return _forbidden(str(cause))
        case BusyLoadingError():
            return _LOADING
        case ReadOnlyError():
            return READ_ONLY
        case ResponseError():
            return _answered(str(cause))
    return _FULL_OF_CLIENTS if "max number of clients" in str(cause) else None


def _on_password(said: str) -> Finding:
    if "without any password" in said or "no password is set" in said:
        return _UNASKED_PASSWORD
    return _NO_PASSWORD if "required" in said.lower() else _WRONG_PASSWORD


def _forbidden(said: str) -> Finding:
    command = re.search(r"'([\w|-]+)' command", said)
    what = f"the command {command[1].upper()}" if command else "keys or channels that Afterwork needs"
    return fault(
        "not-permitted", f"Redis forbids its user {what}: see the rules in docs/redis.md", lasts=True
    )


def _answered(said: str) -> Finding:
    if "ACL failure in script" in said or "The user executing the script can't" in said:
        return _forbidden(said)
    if said.startswith("MISCONF"):
        return APPEND_ONLY_FAILS if "AOF" in said else _SNAPSHOT_FAILS
    known = _BY_CODE.get(said.partition(" ")[0])
    return known or fault("refused", f"Redis answered: {_without_addresses(said)[:200]}")


def _without_addresses(said: str) -> str:
    return re.sub(r"\S+:\d+", "…", said)

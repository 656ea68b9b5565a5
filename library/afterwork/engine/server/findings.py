"""What can be wrong with a server, each as one sentence that says what to do, without addresses and passwords."""

import re
import ssl
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from redis.asyncio.sentinel import MasterNotFoundError as NoPrimaryForLoops
from redis.exceptions import (
    AuthenticationError,
    BusyLoadingError,
    NoPermissionError,
    ReadOnlyError,
    ResponseError,
)
from redis.sentinel import MasterNotFoundError


class Severity(StrEnum):
    """fault: jobs cannot be accepted, or may be lost. warning: it works, but is worth less than it could be."""

    FAULT = "fault"
    WARNING = "warning"


Words = Callable[[str, str], str]
"""From a finding's code and our sentence to the sentence for those whose settings have other names."""
WORDS: ContextVar[Words] = ContextVar("WORDS", default=lambda _code, sentence: sentence)
"""In which words the findings are told in this context."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is not as it should be. code: stands in `docs/redis.md`. sentence: says it, with a remedy.

    lasts: a fault that no waiting mends, so that a process which meets it at its start had better end.
    """

    code: str
    severity: Severity
    sentence: str
    lasts: bool = False

    @property
    def text(self) -> str:
        """The sentence in the words of this context."""
        return WORDS.get()(self.code, self.sentence)


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
_NO_PRIMARY = fault(
    "no-primary",
    "no sentinel names a primary that can be used: wait for the failover, or see to the sentinels and to the name of "
    "the primary in AFTERWORK_REDIS__URL",
)
TLS_NEEDED = fault(
    "tls-needed", "Redis speaks TLS only: begin AFTERWORK_REDIS__URL with rediss://", lasts=True
)
TLS_UNKNOWN = fault(
    "tls-unknown",
    "Redis speaks no TLS there: begin AFTERWORK_REDIS__URL with redis://, or name its TLS port",
    lasts=True,
)
_UNTRUSTED = fault(
    "tls-untrusted",
    "the certificate of Redis is not trusted: name its authority by ca_file in AFTERWORK_REDIS__URL",
    lasts=True,
)
_OTHER_NAME = fault(
    "tls-name",
    "the certificate of Redis is for another name than that in AFTERWORK_REDIS__URL: use one of its names",
    lasts=True,
)
_OUT_OF_DATE = fault(
    "tls-out-of-date",
    "the certificate of Redis is not valid now: renew it, or set the clock right",
    lasts=True,
)
_NO_CERTIFICATE = fault(
    "tls-certificate",
    "Redis asks for a certificate that it trusts: name one by cert_file and key_file in AFTERWORK_REDIS__URL",
    lasts=True,
)
_BY_VERIFICATION = {9: _OUT_OF_DATE, 10: _OUT_OF_DATE, 62: _OTHER_NAME, 63: _OTHER_NAME, 64: _OTHER_NAME}
"""By the code of OpenSSL's X509_verify_cert; any other is a certificate that is not trusted."""

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
    for sort, finding in _BY_SORT:
        if isinstance(cause, sort):
            return finding if isinstance(finding, Finding) else finding(cause)
    return _FULL_OF_CLIENTS if "max number of clients" in str(cause) else None


def _on_certificate(error: ssl.SSLCertVerificationError) -> Finding:
    return _BY_VERIFICATION.get(error.verify_code, _UNTRUSTED)


def _on_tls(error: ssl.SSLError) -> Finding:
    reason = getattr(error, "reason", None) or ""  # an error that Python makes itself has none
    if "CERTIFICATE" in reason or "UNKNOWN_CA" in reason:  # an alert of the server, on ours
        return _NO_CERTIFICATE
    if "WRONG_VERSION_NUMBER" in reason:
        return TLS_UNKNOWN
    said = reason.lower().replace("_", " ") or "it hangs up"
    return fault("tls-fails", f"no TLS connection with Redis can be made: {said}")


def _on_password(error: AuthenticationError) -> Finding:
    said = str(error)
    if "without any password" in said or "no password is set" in said:
        return _UNASKED_PASSWORD
    return _NO_PASSWORD if "required" in said.lower() else _WRONG_PASSWORD


def _forbidden(error: ResponseError) -> Finding:
    said = str(error)
    command = re.search(r"'([\w|-]+)' command", said)
    what = f"the command {command[1].upper()}" if command else "keys or channels that Afterwork needs"
    return fault(
        "not-permitted", f"Redis forbids its user {what}: see the rules in docs/redis.md", lasts=True
    )


def _answered(error: ResponseError) -> Finding:
    said = str(error)
    if "ACL failure in script" in said or "The user executing the script can't" in said:
        return _forbidden(error)
    if said.startswith("MISCONF"):
        return APPEND_ONLY_FAILS if "AOF" in said else _SNAPSHOT_FAILS
    known = _BY_CODE.get(said.partition(" ")[0])
    return known or fault("refused", f"Redis answered: {_without_addresses(said)[:200]}")


def _without_addresses(said: str) -> str:
    return re.sub(r"\S+:\d+", "…", said)


_BY_SORT: tuple[tuple[type[BaseException], Finding | Callable[[Any], Finding]], ...] = (
    (AuthenticationError, _on_password),
    (NoPermissionError, _forbidden),
    (BusyLoadingError, _LOADING),
    (ReadOnlyError, READ_ONLY),
    (ResponseError, _answered),
    (MasterNotFoundError, _NO_PRIMARY),
    (NoPrimaryForLoops, _NO_PRIMARY),
    (ssl.SSLCertVerificationError, _on_certificate),
    (ssl.SSLError, _on_tls),
)
"""By the class of an error, the first that fits."""

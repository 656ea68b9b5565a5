"""What an error of a call to Redis means, in a sentence without secrets."""

import asyncio
import inspect
import re
import ssl
from pathlib import Path

import pytest
from redis.exceptions import (
    AuthenticationError,
    BusyLoadingError,
    ConnectionError,  # noqa: A004 - redis-py's name
    NoPermissionError,
    OutOfMemoryError,
    ReadOnlyError,
    ResponseError,
)
from redis.sentinel import MasterNotFoundError

from afterwork.engine.server import check as server_check
from afterwork.engine.server import findings
from afterwork.engine.server.findings import finding_of


def refused_certificate(code: int) -> ssl.SSLError:
    """As OpenSSL tells why it does not verify."""
    error = ssl.SSLCertVerificationError(1, "certificate verify failed: 10.1.2.3")
    error.verify_code = code
    return error


def tls_error(reason: str) -> ssl.SSLError:
    """Any other error of TLS."""
    error = ssl.SSLError(1, reason)
    error.reason = reason
    return error


DOCS = Path(__file__).parents[3] / "docs" / "redis.md"


@pytest.mark.parametrize(
    ("error", "code", "lasts"),
    [
        (ConnectionRefusedError(111, "10.1.2.3:6379"), "away", False),
        (TimeoutError(), "away", False),
        (asyncio.CancelledError(), "away", False),
        (BusyLoadingError("Redis is loading the dataset in memory"), "loading", False),
        (ConnectionError("max number of clients reached"), "too-many-clients", False),
        (AuthenticationError("Authentication required."), "password-needed", True),
        (AuthenticationError("invalid username-password pair or user is disabled."), "password-wrong", True),
        (AuthenticationError("invalid password"), "password-wrong", True),
        (
            AuthenticationError("AUTH <password> called without any password configured for the default user."),
            "password-unknown",
            True,
        ),
        (NoPermissionError("User bob has no permissions to run the 'evalsha' command"), "not-permitted", True),
        (ResponseError("ACL failure in script: User bob has no permissions to run the 'hset' command"),
         "not-permitted", True),
        (ReadOnlyError("You can't write against a read only replica."), "read-only", False),
        (ResponseError("MASTERDOWN Link with MASTER is down"), "read-only", False),
        (ResponseError("MISCONF Errors writing to the AOF file: No space left on device"), "append-only-fails", False),
        (ResponseError("MISCONF Redis is configured to save RDB snapshots, but"), "snapshot-fails", False),
        (ResponseError("NOREPLICAS Not enough good replicas to write."), "replicas-missing", False),
        (ResponseError("BUSY Redis is busy running a script."), "busy", False),
        (ResponseError("MOVED 3999 10.1.2.3:6381"), "cluster", True),
        (ResponseError("ERR unknown command from 10.1.2.3:6381"), "refused", False),
        (MasterNotFoundError("No master found for 'bob' : 10.1.2.3:26379"), "no-primary", False),
        (refused_certificate(19), "tls-untrusted", True),
        (refused_certificate(20), "tls-untrusted", True),
        (refused_certificate(10), "tls-out-of-date", True),
        (refused_certificate(62), "tls-name", True),
        (refused_certificate(64), "tls-name", True),
        (tls_error("TLSV13_ALERT_CERTIFICATE_REQUIRED"), "tls-certificate", True),
        (tls_error("TLSV1_ALERT_UNKNOWN_CA"), "tls-certificate", True),
        (tls_error("WRONG_VERSION_NUMBER"), "tls-unknown", True),
        (tls_error("NO_SHARED_CIPHER"), "tls-fails", False),
        (ssl.SSLEOFError(8, "EOF occurred in violation of protocol"), "tls-fails", False),
    ],
)  # fmt: skip
def test_each_error_has_its_own_meaning(error: BaseException, code: str, *, lasts: bool) -> None:
    found = finding_of(error)

    assert (found.code, found.severity, found.lasts) == (code, "fault", lasts)
    assert not re.search(r"10\.1\.2\.3|bob", found.text)


def test_the_cause_counts_that_an_error_was_raised_from() -> None:
    wrapped = ConnectionError("Error connecting")
    wrapped.__cause__ = AuthenticationError("WRONGPASS")

    assert finding_of(wrapped).code == "password-wrong"


def test_a_command_that_is_forbidden_is_named() -> None:
    error = NoPermissionError("User bob has no permissions to run the 'config|get' command")

    assert "CONFIG|GET" in finding_of(error).text


def test_memory_that_is_full_is_no_fault_of_the_server() -> None:
    """It is told apart before, as QueueFull; a check by a script that may exceed the limit never meets it."""
    assert finding_of(OutOfMemoryError("command not allowed")).code == "refused"


def test_every_finding_is_explained_in_the_docs() -> None:
    source = inspect.getsource(findings) + inspect.getsource(server_check)
    codes = set(re.findall(r"(?:fault|warning)\(\s*\"([a-z-]+)\"", source))

    explained = set(re.findall(r"^\| `([a-z-]+)` \|", DOCS.read_text(encoding="utf-8"), flags=re.MULTILINE))

    assert len(codes) > 20
    assert explained == codes

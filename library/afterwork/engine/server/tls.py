"""Why a server that was reached does not talk: one side speaks TLS, the other does not, or a certificate is missing.

The connection alone does not tell: a server without TLS waits for the rest of what it takes for a command, and one
with TLS hangs up.
"""

import socket
import ssl
from contextlib import suppress
from typing import Any

from afterwork.engine.server.findings import TLS_NEEDED, TLS_UNKNOWN, Finding, finding_of

PATIENCE = 0.4
"""Seconds for each look."""


def tls_finding(options: dict[str, Any]) -> Finding | None:
    """What is wrong with TLS, by the options of a pool's connections; None if it is not that, or cannot be told."""
    if "host" not in options:
        return None
    where = (options["host"], options["port"])
    if "ssl_check_hostname" not in options:
        return TLS_NEEDED if _shakes_hands(where) else None
    if _answers_plainly(where):
        return TLS_UNKNOWN
    with suppress(OSError):
        return _refusal(options)
    return None


def _shakes_hands(where: tuple[str, int]) -> bool:
    """Whether the server speaks TLS; with whom is not asked, because nothing is told."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    with suppress(OSError), socket.create_connection(where, PATIENCE) as plain:
        try:
            context.wrap_socket(plain).close()
        except ssl.SSLError as error:
            return error.reason is not None and "ALERT" in error.reason
        return True
    return False


def _answers_plainly(where: tuple[str, int]) -> bool:
    with suppress(OSError), socket.create_connection(where, PATIENCE) as plain:
        plain.sendall(b"PING\r\n")
        return plain.recv(1)[:1] in {b"+", b"-"}
    return False


def _refusal(options: dict[str, Any]) -> Finding | None:
    """A server that wants a certificate of ours says so after the handshake, to those who wait for a word of it.

    Who writes before that may find the connection reset, and not hear why.
    """
    context = ssl.create_default_context()
    context.check_hostname = bool(options["ssl_check_hostname"])
    if options.get("ssl_cert_reqs") in {"none", ssl.CERT_NONE}:
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    if options.get("ssl_ca_certs") or options.get("ssl_ca_data"):
        context.load_verify_locations(options.get("ssl_ca_certs"), cadata=options.get("ssl_ca_data"))
    if options.get("ssl_certfile"):
        context.load_cert_chain(options["ssl_certfile"], options.get("ssl_keyfile"))
    try:
        with (
            socket.create_connection((options["host"], options["port"]), PATIENCE) as plain,
            context.wrap_socket(plain, server_hostname=options["host"]) as own,
        ):
            own.recv(1)
    except ssl.SSLError as error:
        return finding_of(error)
    return None

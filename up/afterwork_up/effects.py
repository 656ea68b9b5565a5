"""Where jobs have their effects on this machine: stores, documents and a mail inbox, below the data directory."""

import socket
import sys
from base64 import b64encode
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from secrets import token_bytes

from afterwork_up.addresses import listening
from afterwork_up.child import Program
from afterwork_up.data_directory import PRIVATE
from afterwork_up.refusal import Refusal

STORES = ("inbox", "results", "images", "archive", "receipts")
SMTP_HOST = "AFTERWORK_SMTP__HOST"
WEBHOOKS_SECRET = "AFTERWORK_WEBHOOKS__SECRET"  # noqa: S105 - the name of a variable
LOOPBACK = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class Effects:
    """environment: what all processes are told of it. mail: the folder of the messages, None without an inbox.

    inbox: the program to run, None where mail goes to a server of the operator's.
    """

    environment: Mapping[str, str]
    mail: Path | None = None
    inbox: Program | None = None


@contextmanager
def effects(
    data: Path, reachable: Path, operators: Mapping[str, str], *, smtp_port: int | None, patience: float
) -> Iterator[Effects]:
    """Make the folders, listen for mail, and say what the processes need to know.

    data, reachable: the data directory, and a path to it that fits into any URL. operators: their environment, which
    goes before. smtp_port: of the inbox; by default any free one. patience: seconds to wait for that port.
    """
    settings = _places(data, reachable) | {WEBHOOKS_SECRET: _secret(data / "webhooks-secret")}
    if operators.get(SMTP_HOST):
        if smtp_port is not None:
            raise Refusal(f"--smtp-port {smtp_port}: {SMTP_HOST} is set, so there is no inbox")
        yield Effects(_left_open(settings, operators))
        return
    mail = _folder(data / "mail")
    with listening(LOOPBACK, smtp_port or 0, option="--smtp-port", patience=patience) as held:
        smtp = {
            SMTP_HOST: LOOPBACK,
            "AFTERWORK_SMTP__PORT": str(held.getsockname()[1]),
            "AFTERWORK_SMTP__TLS": "none",
        }
        yield Effects(_left_open(settings, operators) | smtp, mail, _inbox(mail, held))


def _places(data: Path, reachable: Path) -> dict[str, str]:
    stores = {
        f"AFTERWORK_STORES__{name.upper()}__URL": _folder(data / "stores" / name).as_uri() for name in STORES
    }
    return {**stores, "AFTERWORK_DOCUMENTS__URL": f"sqlite:///{reachable / 'documents.sqlite'}"}


def _secret(path: Path) -> str:
    """What webhooks are signed with, made at the first start: 32 bytes as Standard Webhooks writes them."""
    try:
        if not path.exists():
            part = path.with_suffix(".part")
            part.write_text(f"whsec_{b64encode(token_bytes(32)).decode()}\n", encoding="ascii")
            part.chmod(0o600)
            part.rename(path)
        return path.read_text(encoding="ascii").strip()
    except OSError as error:
        raise Refusal(f"cannot keep {path}: {error.strerror}") from error


def _left_open(settings: Mapping[str, str], operators: Mapping[str, str]) -> dict[str, str]:
    """Those that the operator has not set."""
    return {name: value for name, value in settings.items() if not operators.get(name)}


def _folder(path: Path) -> Path:
    try:
        path.mkdir(mode=PRIVATE, parents=True, exist_ok=True)
    except OSError as error:
        raise Refusal(f"cannot make {path}: {error.strerror}") from error
    return path


def _inbox(mail: Path, held: socket.socket) -> Program:
    command = (sys.executable, "-m", "afterwork_up.inbox", "--descriptor", str(held.fileno()))
    return Program(
        "inbox", (*command, "--directory", str(mail)), directory=mail, descriptors=(held.fileno(),)
    )

"""Whom a notification is for: each target once, in the order of the receipt."""

from dataclasses import dataclass
from urllib.parse import urlsplit

from afterwork.contracts.addresses import mail_target, mailbox
from afterwork.contracts.notifier import SendNotification


@dataclass(frozen=True, slots=True)
class MailTarget:
    """One recipient of the e-mail."""

    index: int
    address: str

    @property
    def shown(self) -> str:
        """As the receipt names it."""
        return f"mailto:{self.address}"


@dataclass(frozen=True, slots=True)
class WebTarget:
    """One web address."""

    index: int
    url: str

    @property
    def shown(self) -> str:
        """As the receipt names it: what stands behind the host may be a secret."""
        parts = urlsplit(self.url)
        port = "" if parts.port is None else f":{parts.port}"
        host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
        return f"{parts.scheme}://{host}{port}/…" if parts.path.strip("/") or parts.query else self.url


Target = MailTarget | WebTarget


def targets_of(job: SendNotification) -> list[Target]:
    """All targets in the order of `to`, `cc` and `bcc`; the index is the place in it."""
    found: list[Target] = []
    for text in job.to:
        address = mail_target(text)
        found.append(WebTarget(len(found), text) if address is None else MailTarget(len(found), address))
    found += [
        MailTarget(index, mailbox(text).address)
        for index, text in enumerate((*job.cc, *job.bcc), start=len(found))
    ]
    return found


def doubles(targets: list[Target]) -> set[int]:
    """Indexes of those that are named before."""
    seen: set[str] = set()
    found = set()
    for target in targets:
        name = target.url if isinstance(target, WebTarget) else _folded(target.address)
        if name in seen:
            found.add(target.index)
        seen.add(name)
    return found


def _folded(address: str) -> str:
    local, _, domain = address.rpartition("@")
    return f"{local}@{domain.lower()}"

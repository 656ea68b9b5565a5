"""Post a notification to a web address, signed as Standard Webhooks says (standardwebhooks.com, version 1)."""

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Callable

import httpx

from afterwork.contracts.notifier import SendNotification
from afterwork.errors import EgressRefused
from notifier.replies import Reply, by_http, later, refused


def body(job: SendNotification, job_id: str) -> bytes:
    """What is posted: the same in every attempt."""
    data = {"subject": job.subject, "text": job.text, "html": job.html}
    return json.dumps(
        {"type": SendNotification.meta.kind, "job_id": job_id, "data": data}, ensure_ascii=False
    ).encode()


def signature(key: bytes, webhook_id: str, timestamp: int, content: bytes) -> str:
    """The value of `webhook-signature`."""
    signed = b"%b.%d.%b" % (webhook_id.encode(), timestamp, content)
    return "v1," + base64.b64encode(hmac.digest(key, signed, hashlib.sha256)).decode()


class Webhooks:
    """client: of `Egress`, so that only what is allowed is called. key: None, and nothing is posted."""

    def __init__(
        self, client: httpx.AsyncClient, key: bytes | None, *, now: Callable[[], float] = time.time
    ) -> None:
        self._client = client
        self._key = key
        self._now = now

    async def post(self, url: str, webhook_id: str, content: bytes) -> Reply:
        """One try. webhook_id: the same in every try, by which the receiver knows what it has already."""
        if self._key is None:
            return later("AFTERWORK_WEBHOOKS__SECRET is not set, so nothing can be signed")
        if fault := _fault(url):
            return refused(f"no address that can be called: {fault}")
        timestamp = int(self._now())
        headers = {
            "content-type": "application/json",
            "webhook-id": webhook_id,
            "webhook-timestamp": str(timestamp),
            "webhook-signature": signature(self._key, webhook_id, timestamp, content),
        }
        try:
            async with self._client.stream("POST", url, content=content, headers=headers) as answer:
                return by_http(answer.status_code)
        except EgressRefused as error:
            return refused(error.detail)
        except httpx.UnsupportedProtocol as error:
            return refused(f"no address that can be called: {error}")
        except httpx.TransportError as error:
            return later(f"{type(error).__name__}: {error}" if str(error) else type(error).__name__)


def _fault(url: str) -> str:
    """Why httpx cannot read it, or empty. It reads an international host name only when it is asked for."""
    try:
        _ = httpx.URL(url).host
    except (httpx.InvalidURL, UnicodeError) as error:  # idna's errors are UnicodeErrors
        return str(error) or type(error).__name__
    return ""

"""Whether the gateway can accept jobs yet, and if not, why."""

import asyncio
import json
import urllib.error
import urllib.request

from afterwork_up.output import Output

LOOK_EVERY = 0.5
PATIENCE = 5.0  # seconds for one answer


async def until_usable(url: str, output: Output) -> None:
    """Wait until the gateway at this address says that it is ready; each reason why not is told once."""
    told = None
    while reason := await asyncio.to_thread(_fault, f"{url}/readyz"):
        if reason != told:
            output.say(f"waiting: {reason}")
        told = reason
        await asyncio.sleep(LOOK_EVERY)


def _fault(url: str) -> str | None:
    try:
        with urllib.request.urlopen(url, timeout=PATIENCE):  # noqa: S310 - our own gateway on loopback
            return None
    except urllib.error.HTTPError as error:
        with error:
            return str(json.load(error)["detail"])
    except (OSError, ValueError, KeyError):
        return "the gateway does not answer"

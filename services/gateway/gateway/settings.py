"""The gateway's settings: `AFTERWORK_GATEWAY__…` beside those that every service has."""

from ipaddress import ip_address
from typing import Annotated

from pydantic import AfterValidator, Field

from afterwork.settings import Group, Settings


def _loopback(host: str) -> str:
    try:
        is_loopback = host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        is_loopback = False
    if not is_loopback:
        message = "must be a loopback address such as 127.0.0.1, because there are no API keys yet"
        raise ValueError(message)
    return host


class Listening(Group):
    """Where the gateway listens. port: 0 takes any free one."""

    host: Annotated[str, AfterValidator(_loopback)] = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65_535)] = 8000


class GatewaySettings(Settings):
    """All that the gateway is told from outside."""

    gateway: Listening = Listening()

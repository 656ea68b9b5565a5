"""Which gateway and service processes run, with which environment."""

import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from importlib.util import find_spec

from afterwork.contracts import registry
from afterwork_up.child import Program
from afterwork_up.refusal import Refusal

GRACE = 2
"""Seconds that running jobs get after SIGTERM, and 5 more to clean up, before the service would be killed."""


@dataclass(frozen=True, slots=True)
class Wishes:
    """What the user asked for. redis_url: of the embedded Valkey, too. workers: processes of each service.

    has_keys: whether the gateway asks for API keys, which it finds in the environment that it inherits.
    effects: settings that say where jobs have their effects.
    """

    host: str
    port: int
    redis_url: str
    workers: int
    probes: bool
    has_keys: bool
    effects: Mapping[str, str] = field(default_factory=dict)


def gateway(wishes: Wishes) -> Program:
    """The one gateway process; raises Refusal if it is not installed."""
    if not is_installed("gateway"):
        message = "the gateway is not installed (afterwork-gateway)"
        raise Refusal(message)
    environment = {
        "AFTERWORK_GATEWAY__HOST": wishes.host,
        "AFTERWORK_GATEWAY__PORT": str(wishes.port),
        **shared_environment(wishes),
    }
    return Program("gateway", (sys.executable, "-m", "gateway"), environment)


def services(wishes: Wishes, say: Callable[[str], None]) -> Iterator[Program]:
    """Every registered service, in as many processes as wished; one that is not installed is mentioned and left out."""
    environment = {"AFTERWORK_HEALTH__PORT": "0", **shared_environment(wishes)}
    for service in registry.services().values():
        if not is_installed(service.module):
            say(f"{service.name} is left out: its module {service.module} is not installed")
            continue
        for number in range(1, wishes.workers + 1):
            name = service.name if wishes.workers == 1 else f"{service.name}-{number}"
            yield Program(name, (sys.executable, "-m", service.module), environment)


def shared_environment(wishes: Wishes) -> dict[str, str]:
    """What gateway and services have in common."""
    environment = {
        **wishes.effects,
        "AFTERWORK_REDIS__URL": wishes.redis_url,
        "AFTERWORK_WORKER__GRACE": str(GRACE),
    }
    if wishes.probes:
        environment["AFTERWORK_PROBES"] = "all"
    return environment


def is_installed(module: str) -> bool:
    """Whether `python -m module` would find it."""
    try:
        return find_spec(module) is not None
    except ModuleNotFoundError:  # the package around it
        return False

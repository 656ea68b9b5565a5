"""API keys for tests, and a gateway that asks for them."""

from tests.processes import ServiceProcess
from tests.servers import RedisServer

from afterwork.api_keys import Scope, named, new_key

KEYS = {name: new_key() for name in ("submit", "read", "control", "admin", "shop", "till")}
SCOPES = {name: list(Scope)[:3] if name in {"shop", "till"} else [Scope(name)] for name in KEYS}
ENTRIES = {name: named(name, SCOPES[name], key).entry for name, key in KEYS.items()}


def bearer(key: str) -> dict[str, str]:
    """The header that a caller sends."""
    return {"Authorization": f"Bearer {key}"}


def gateway_with(redis: RedisServer, *names: str, **settings: str) -> ServiceProcess:
    """A gateway that knows the keys of these names; not started yet."""
    keys = "\n".join(ENTRIES[name] for name in names)
    all_settings = {"AFTERWORK_REDIS__URL": redis.url, "AFTERWORK_API_KEYS": keys, **settings}
    return ServiceProcess("gateway", None, **all_settings)

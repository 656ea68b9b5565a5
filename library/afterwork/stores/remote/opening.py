"""Makes a remote store from its settings."""

from datetime import timedelta
from typing import Any

from obstore.exceptions import BaseError
from obstore.store import AzureStore, GCSStore, MemoryStore, ObjectStore, S3Store
from pydantic import SecretStr

from afterwork.errors import StoreUnavailable
from afterwork.stores.remote.bucket import Bucket
from afterwork.stores.remote.dialects import DIALECTS
from afterwork.stores.remote.store import RemoteStore
from afterwork.stores.settings import StoreSettings

CONNECT = timedelta(seconds=5)
RETRIES = {
    "max_retries": 3,
    "retry_timeout": timedelta(seconds=10),
    "backoff": {
        "init_backoff": timedelta(milliseconds=100),
        "max_backoff": timedelta(seconds=2),
        "base": 2,
    },
}
"""So that a store which is down is known to be within seconds; jobs have retries of their own."""


def opened(name: str, settings: StoreSettings) -> RemoteStore:
    """The store; nothing is asked of it yet. Raises StoreUnavailable for settings that obstore cannot use."""
    try:
        objects = _objects(settings)
    except (BaseError, ValueError, TypeError) as error:
        raise StoreUnavailable(f"store {name}: its settings cannot be used") from error
    return RemoteStore(Bucket(name, objects, DIALECTS[settings.scheme], _secrets(settings)))


def _objects(settings: StoreSettings) -> ObjectStore:
    match settings.scheme:
        case "s3":
            return S3Store(**_common(settings, "bucket", "endpoint"), **_given(settings, _S3))
        case "az":
            return AzureStore(**_common(settings, "container_name", "endpoint"), **_given(settings, _AZURE))
        case "gs":
            return GCSStore(**_common(settings, "bucket", "base_url"), **_given(settings, _GOOGLE))
        case _:
            return MemoryStore()


_S3 = {
    "region": "region",
    "access_key_id": "access_key_id",
    "secret_access_key": "secret_access_key",
    "session_token": "session_token",
}
_AZURE = {"account": "account_name", "account_key": "account_key", "sas_token": "sas_key"}
_GOOGLE = {"service_account_key": "service_account_key"}


def _common(
    settings: StoreSettings, bucket: str, endpoint: str
) -> dict[str, Any]:  # Any: obstore's TypedDicts
    client = {
        "allow_http": (settings.endpoint or "").startswith("http://"),
        "connect_timeout": CONNECT,
        "read_timeout": timedelta(seconds=settings.patience),
        "timeout": timedelta(days=7),  # of a whole request, however large its object
    }
    found: dict[str, Any] = {
        bucket: settings.bucket,
        "prefix": settings.path or None,
        endpoint: settings.endpoint,
        "client_options": client,
        "retry_config": RETRIES,
    }
    return {name: value for name, value in found.items() if value is not None}


def _given(settings: StoreSettings, names: dict[str, str]) -> dict[str, Any]:  # Any: as above
    found = {}
    for ours, theirs in names.items():
        value = getattr(settings, ours)
        if value is not None:
            found[theirs] = value.get_secret_value() if isinstance(value, SecretStr) else value
    return found


def _secrets(settings: StoreSettings) -> tuple[str, ...]:
    values = (getattr(settings, name) for name in type(settings).model_fields)
    return tuple(value.get_secret_value() for value in values if isinstance(value, SecretStr))

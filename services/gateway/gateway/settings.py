"""The gateway's settings: `AFTERWORK_GATEWAY__…` and `AFTERWORK_API_KEYS` beside those that every service has."""

import os
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field
from pydantic_settings import NoDecode, SettingsConfigDict

from afterwork.api_keys import ApiKey, parse_keys
from afterwork.documents.settings import DocumentSettings
from afterwork.settings import Group, Settings, refuse
from afterwork.stores import StoreSettings

API_KEYS = "AFTERWORK_API_KEYS"


class Listening(Group):
    """Where the gateway listens, to whom, and how it keeps in touch. port: 0 takes any free one.

    metrics: whether `/metrics` asks for an API key with the scope `read`, as everything does if there are keys, or is
    open to all who reach it.
    keep_alive: seconds between the comments of an event stream. send_timeout: seconds for which a client may take
    nothing of its answer before it is cut off. request_timeout: seconds within which a whole request must arrive, or,
    where an object is sent, more of it.
    """

    host: str = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65_535)] = 8000
    metrics: Literal["key", "public"] = "key"
    keep_alive: Annotated[float, Field(ge=0.05, le=300)] = 15
    send_timeout: Annotated[float, Field(ge=0.05, le=3600)] = 60
    request_timeout: Annotated[float, Field(ge=0.05, le=3600)] = 30


def _parsed(value: object) -> object:
    return parse_keys(value) if isinstance(value, str) else value


class GatewaySettings(Settings):
    """All that the gateway is told from outside. api_keys: those that it knows; without any it asks for none."""

    model_config = SettingsConfigDict(hide_input_in_errors=True)

    gateway: Listening = Listening()
    documents: DocumentSettings = DocumentSettings()
    stores: dict[str, StoreSettings] = Field(default_factory=dict)
    api_keys: Annotated[tuple[ApiKey, ...], NoDecode, BeforeValidator(_parsed)] = ()

    @classmethod
    def load(cls, **values: Any) -> Self:  # noqa: ANN401 - forwarded to pydantic
        """As every service does. An empty AFTERWORK_API_KEYS is refused: the last key was revoked, or its file is gone.

        Elsewhere an empty variable counts as not set; here that would open the gateway to everybody.
        """
        if os.environ.get(API_KEYS, "unset") == "":
            refuse(f"{API_KEYS}: holds no key; create one with: afterwork keys create, or unset it")
        return super().load(**values)

"""Settings of the notifier."""

import base64
import binascii
from typing import Annotated, Literal, Self

from pydantic import Field, SecretStr, field_validator, model_validator

from afterwork.contracts.addresses import MailboxText
from afterwork.egress import EgressSettings
from afterwork.service import ServiceSettings
from afterwork.service.settings import HealthSettings
from afterwork.settings import Group
from afterwork.stores.settings import StoreSettings

PORTS = {"none": 25, "starttls": 587, "tls": 465}
SECRET_PREFIX = "whsec_"  # noqa: S105 - what secrets begin with
SECRET_BYTES = range(24, 65)


class SmtpSettings(Group):
    """The server that sends mail. host: None, and e-mail is not sent. port: by default the usual one for `tls`.

    tls: `starttls` and `tls` refuse a server without; verify: whether its certificate must be valid for `host`.
    sender: `from` of notifications that name none. timeout: seconds for each answer of the server.
    connections: at most so many at a time, by each notifier.
    """

    host: str | None = None
    port: Annotated[int | None, Field(ge=1, le=65_535)] = None
    user: str | None = None
    password: SecretStr | None = None
    tls: Literal["none", "starttls", "tls"] = "starttls"
    verify: bool = True
    sender: MailboxText = "afterwork@localhost"
    timeout: Annotated[float, Field(gt=0, le=600)] = 60.0
    connections: Annotated[int, Field(ge=1, le=100)] = 4

    @model_validator(mode="after")
    def _user_and_password(self) -> Self:
        if (self.user is None) != (self.password is None):
            raise ValueError("user and password are set together or not at all")
        return self

    @property
    def the_port(self) -> int:
        """The port that is meant."""
        return self.port or PORTS[self.tls]


class WebhookSettings(Group):
    """secret: what posts are signed with, `whsec_` and 24 to 64 bytes as base64. timeout: seconds for an answer."""

    secret: SecretStr | None = None
    timeout: Annotated[float, Field(gt=0, le=600)] = 30.0

    @field_validator("secret")
    @classmethod
    def _usable(cls, secret: SecretStr | None) -> SecretStr | None:
        if secret is not None and len(_key(secret)) not in SECRET_BYTES:
            raise ValueError("must be whsec_ followed by 24 to 64 bytes as base64")
        return secret

    @property
    def key(self) -> bytes | None:
        """The bytes of the secret."""
        return None if self.secret is None else _key(self.secret)


def _key(secret: SecretStr) -> bytes:
    text = secret.get_secret_value()
    try:
        return base64.b64decode(text.removeprefix(SECRET_PREFIX), validate=True)
    except binascii.Error:
        return b""


class Settings(ServiceSettings):
    """The common settings; health and metrics stand at port 8001 unless said otherwise."""

    health: HealthSettings = HealthSettings(port=8001)
    smtp: SmtpSettings = SmtpSettings()
    webhooks: WebhookSettings = WebhookSettings()
    egress: EgressSettings = EgressSettings()
    stores: dict[str, StoreSettings] = {}  # noqa: RUF012 - pydantic copies it for each model

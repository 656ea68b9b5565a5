"""What is told of a store from outside: where it is, and with which credentials it is opened."""

from typing import Annotated, Literal, Self
from urllib.parse import unquote, urlsplit

from pydantic import Field, SecretStr, field_validator, model_validator

from afterwork.settings import Group

Scheme = Literal["file", "memory", "s3", "az", "gs"]
_FORMS = "file:///directory, s3://bucket/prefix, az://container/prefix, gs://bucket/prefix or memory://"


class StoreSettings(Group):
    """One store: `AFTERWORK_STORES__<NAME>__<FIELD>`.

    url: where it is; what follows the bucket is put before every key.
    endpoint: where the service answers, if not at its usual place; one that begins with http:// is spoken to in clear.
    region, access_key_id, secret_access_key, session_token: of S3. account, account_key, sas_token: of Azure.
    service_account_key: of Google, the JSON itself. What is left out is taken from where the cloud's own tools have it.
    patience: seconds for which a remote store may say nothing before it counts as unreachable.
    """

    url: str
    endpoint: str | None = None
    region: str | None = None
    access_key_id: str | None = None
    secret_access_key: SecretStr | None = None
    session_token: SecretStr | None = None
    account: str | None = None
    account_key: SecretStr | None = None
    sas_token: SecretStr | None = None
    service_account_key: SecretStr | None = None
    patience: Annotated[float, Field(ge=0.05, le=3600)] = 30.0

    @field_validator("url")
    @classmethod
    def _usable(cls, url: str) -> str:
        parts = urlsplit(url)
        if parts.scheme not in {"file", "memory", "s3", "az", "gs"}:
            raise ValueError(f"must be {_FORMS}")
        if parts.query or parts.fragment or "@" in parts.netloc:
            raise ValueError("takes neither credentials nor options; they have variables of their own")
        if parts.scheme == "file" and (parts.netloc or not parts.path.startswith("/")):
            raise ValueError("must name an absolute directory, such as file:///var/lib/afterwork/inbox")
        if parts.scheme == "memory" and (parts.netloc or parts.path):
            raise ValueError("must be memory:// and nothing else")
        if parts.scheme in {"s3", "az", "gs"} and not parts.netloc:
            raise ValueError(f"must name a bucket or container: {_FORMS}")
        return url

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if self.endpoint is not None and urlsplit(self.endpoint).scheme not in {"http", "https"}:
            raise ValueError("the endpoint must begin with https:// or http://")
        if (self.access_key_id is None) != (self.secret_access_key is None):
            raise ValueError("access_key_id and secret_access_key are set together or not at all")
        return self

    @property
    def scheme(self) -> Scheme:
        """Which kind of store it is."""
        scheme: Scheme = urlsplit(self.url).scheme  # type: ignore[assignment] # checked above
        return scheme

    @property
    def bucket(self) -> str:
        """The bucket or container of a remote store."""
        return urlsplit(self.url).netloc

    @property
    def path(self) -> str:
        """The directory of a local store; what is put before the keys of a remote one, without outer slashes."""
        path = unquote(urlsplit(self.url).path)
        return path if self.scheme == "file" else path.strip("/")

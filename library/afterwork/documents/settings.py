"""Settings of the documents: `AFTERWORK_DOCUMENTS__URL`."""

from pydantic import SecretStr, field_validator

from afterwork.documents.location import DEFAULT_URL, driver_url
from afterwork.settings import Group


class DocumentSettings(Group):
    """Where the documents are; the same for all processes.

    url: `sqlite:///path` of a file that all of them reach, or `postgresql://user:password@host/database`.
    """

    url: SecretStr = SecretStr(DEFAULT_URL)

    @field_validator("url")
    @classmethod
    def _usable(cls, url: SecretStr) -> SecretStr:
        driver_url(url.get_secret_value())
        return url

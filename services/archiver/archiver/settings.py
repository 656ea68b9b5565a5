"""Settings of the archiver."""

from afterwork.service import ServiceSettings
from afterwork.service.settings import HealthSettings
from afterwork.stores import StoreSettings


class Settings(ServiceSettings):
    """The common settings; health and metrics stand at port 8003 unless said otherwise. stores: by their names."""

    health: HealthSettings = HealthSettings(port=8003)
    stores: dict[str, StoreSettings] = {}  # noqa: RUF012 - pydantic copies it for each model

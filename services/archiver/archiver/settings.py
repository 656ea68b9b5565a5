"""Settings of the archiver."""

from afterwork.service import ServiceSettings
from afterwork.service.settings import HealthSettings


class Settings(ServiceSettings):
    """The common settings; health and metrics stand at port 8003 unless said otherwise."""

    health: HealthSettings = HealthSettings(port=8003)

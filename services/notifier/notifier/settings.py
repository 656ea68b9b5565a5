"""Settings of the notifier."""

from afterwork.service import ServiceSettings
from afterwork.service.settings import HealthSettings


class Settings(ServiceSettings):
    """The common settings; health and metrics stand at port 8001 unless said otherwise."""

    health: HealthSettings = HealthSettings(port=8001)

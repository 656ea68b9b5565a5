"""What every worker service shares: start, health, metrics, drain."""

from afterwork.service.runner import run_service, sandbox_of
from afterwork.service.settings import ServiceSettings

__all__ = ["ServiceSettings", "run_service", "sandbox_of"]

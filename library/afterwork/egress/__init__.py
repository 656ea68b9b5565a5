"""Which addresses the services may connect to on behalf of a job."""

from afterwork.egress.client import Egress
from afterwork.egress.settings import EgressSettings

__all__ = ["Egress", "EgressSettings"]

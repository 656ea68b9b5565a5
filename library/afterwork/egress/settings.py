"""What the operator says of connections to the outside."""

from pydantic import field_validator

from afterwork.egress.allow import AllowList
from afterwork.settings import Group


class EgressSettings(Group):
    """allow: what may be called beside the public Internet, and by plain http:, separated by commas.

    Networks, addresses, and hosts, these with `:port` or without: `10.0.0.0/8, 127.0.0.1:9000, hooks.internal`.
    """

    allow: str = ""

    @field_validator("allow")
    @classmethod
    def _readable(cls, allow: str) -> str:
        AllowList.parse(allow.split(","))
        return allow

    @property
    def entries(self) -> tuple[str, ...]:
        """One by one."""
        return tuple(entry.strip() for entry in self.allow.split(",") if entry.strip())

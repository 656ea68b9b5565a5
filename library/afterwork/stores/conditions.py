"""What must hold of an object before it is written over or removed."""

from dataclasses import dataclass

from afterwork.errors import ObjectConflict


@dataclass(frozen=True, slots=True)
class Condition:
    """if_match: there is an object with this ETag. if_absent: there is none."""

    if_match: str | None = None
    if_absent: bool = False

    def __bool__(self) -> bool:
        """Whether anything is demanded at all."""
        return self.if_absent or self.if_match is not None

    def check(self, key: str, etag: str | None) -> None:
        """Raise ObjectConflict unless it holds. etag: of the object that is there; None if there is none."""
        if self.if_absent and etag is not None:
            raise ObjectConflict(f"{key} exists")
        if self.if_match is not None and etag is None:
            raise ObjectConflict(f"{key} does not exist")
        if self.if_match is not None and etag != self.if_match:
            raise ObjectConflict(f"{key} has changed: its ETag is {etag}")

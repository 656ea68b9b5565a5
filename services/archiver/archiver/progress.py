"""How far a job is, in bytes of its sources."""

from collections.abc import Callable
from dataclasses import dataclass, field

from afterwork.engine import Run


@dataclass(slots=True)
class Progress:
    """Of a whole job. total: bytes of all sources as they were listed. done: bytes copied or found in place."""

    run: Run
    total: int = 0
    done: int = 0

    def object(self, name: str) -> "ObjectProgress":
        """Of one object, which may begin again."""
        return ObjectProgress(name, self._move)

    def _move(self, size: int, note: str) -> None:
        self.done += size
        self.run.progress(self.done, max(self.total, self.done), note)


@dataclass(slots=True)
class ObjectProgress:
    """Of one object. done: its bytes that count at present."""

    name: str
    move: Callable[[int, str], None] = field(repr=False)
    done: int = 0

    def copied(self, size: int) -> None:
        """So many more bytes are on their way to the destination."""
        self._move(size, f"copying {self.name}")

    def verifies(self) -> None:
        """All are there, and are being read back."""
        self._move(0, f"verifying {self.name}")

    def begins_again(self) -> None:
        """What was copied counts no more."""
        self._move(-self.done, f"copying {self.name} again")

    def ends(self, size: int) -> None:
        """Nothing is left to do for the object, which has so many bytes."""
        self._move(size - self.done, f"done with {self.name}")

    def _move(self, size: int, note: str) -> None:
        self.done += size
        self.move(size, note)

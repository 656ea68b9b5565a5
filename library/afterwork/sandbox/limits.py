"""What one call in a child process may use at most."""

from dataclasses import dataclass

MEBIBYTE = 2**20
GIBIBYTE = 2**30
MAX_PROCESSES = 64
"""Processes that a call may have at a time, its own included."""


@dataclass(frozen=True, slots=True)
class Limits:
    """memory: bytes of the call's processes together; what they share with others counts by its share (PSS).

    None: as the sandbox says. seconds: from the start of its process on; None: until it is cancelled.
    """

    memory: int | None = None
    seconds: float | None = None

    def __post_init__(self) -> None:
        if self.memory is not None and self.memory <= 0:
            message = f"a call cannot work with {self.memory} bytes of memory"
            raise ValueError(message)
        if self.seconds is not None and not self.seconds > 0:
            message = f"a call cannot be done within {self.seconds} seconds"
            raise ValueError(message)

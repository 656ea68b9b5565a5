"""What the handlers of a service work with, besides the job: stores, a mail client, a sandbox."""

from typing import TypeVar

P = TypeVar("P")


class Parts:
    """Objects that live as long as the process, each found by its type. Built in the service's `__main__`."""

    def __init__(self, *parts: object) -> None:
        self._parts = parts

    def of(self, kind: type[P]) -> P:
        """The part of this type. Raises LookupError if the service was started without one."""
        for part in self._parts:
            if isinstance(part, kind):
                return part
        message = f"this service was started without a {kind.__name__}"
        raise LookupError(message)

    def beside(self, *parts: object) -> "Parts":
        """These and more; of two of the same type these are found."""
        return Parts(*self._parts, *parts)

"""What a worker orders from its fork server, and what that reports: one line of JSON each."""

from typing import Annotated, Literal

from pydantic import Field, TypeAdapter

from afterwork.contracts.base import Frozen


class Start(Frozen):
    """Fork a process. With the line come two descriptors: its connection to the worker, and where its output goes.

    directory: becomes its working directory, made by it. memory: bytes. processes: how many it may be in all.
    """

    order: Literal["start"] = "start"
    id: int
    directory: str
    memory: int
    processes: int


class Kill(Frozen):
    """End a process, if it has not ended already, and all that it has started."""

    order: Literal["kill"] = "kill"
    id: int


class Ready(Frozen):
    """All modules are loaded. threads: those of the server; more than its own cannot come along into a child."""

    report: Literal["ready"] = "ready"
    threads: int


class Unfit(Frozen):
    """A module could not be loaded; the server ends. failure: why, as JSON."""

    report: Literal["unfit"] = "unfit"
    failure: str


class Ended(Frozen):
    """A process has ended, and nothing is left of what it started.

    status: as of `os.waitpid`; None if the server itself is gone. excess: the limit at which the server killed it.
    """

    report: Literal["ended"] = "ended"
    id: int
    status: int | None
    excess: Literal["memory", "processes"] | None = None


Order = Annotated[Start | Kill, Field(discriminator="order")]
Report = Annotated[Ready | Unfit | Ended, Field(discriminator="report")]
ORDER: TypeAdapter[Order] = TypeAdapter(Order)
REPORT: TypeAdapter[Report] = TypeAdapter(Report)


def line_of(message: Order | Report) -> bytes:
    """As it is sent."""
    return message.model_dump_json().encode() + b"\n"


class Lines:
    """Puts together what arrives in parts."""

    def __init__(self) -> None:
        self._rest = b""

    def add(self, data: bytes) -> list[bytes]:
        """The lines that are complete now."""
        *lines, self._rest = (self._rest + data).split(b"\n")
        return lines

"""What the appender is asked to do."""

from typing import Annotated

from pydantic import Field

from afterwork.contracts import Contract, Service

QUEUE = "appender"
service = Service(name="appender", queue=QUEUE, module="tests.chaos.appender")


class Append(Contract, kind="chaos.append", queue=QUEUE, max_attempts=5, timeout=60):
    """Append a line with the job's id to the file, half of the seconds after the beginning; end when they are over.

    fails_once: the first attempt fails before it has done anything.
    """

    file: str
    seconds: Annotated[float, Field(ge=0)] = 0.0
    fails_once: bool = False

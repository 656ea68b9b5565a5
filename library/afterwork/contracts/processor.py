"""The processor: its queue, and the one kind that is neither table nor image."""

from typing import Annotated

from pydantic import ConfigDict, Field

from afterwork.contracts.base import Contract
from afterwork.contracts.service import Service

service = Service(name="processor", queue="processor", module="processor")


class RunTask(Contract, kind="task.run", queue="processor", max_attempts=3, timeout=900):
    """Do work that takes its time and blocks all the while: what `/long_task` submits."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"seconds": 5}]})

    seconds: Annotated[float, Field(ge=0, le=600)] = 10.0

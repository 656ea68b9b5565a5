"""Settings of a service that works a queue."""

from typing import Annotated

from pydantic import ByteSize, Field

from afterwork.settings import Group, Settings


class WorkerSettings(Group):
    """concurrency: jobs at a time. grace: seconds that running jobs may go on after SIGTERM.

    retry_base, retry_cap: bounds in seconds of the first and of any delay before a retry.
    """

    concurrency: Annotated[int, Field(ge=1, le=10_000)] = 100
    grace: Annotated[float, Field(ge=0, le=3600)] = 25.0
    retry_base: Annotated[float, Field(gt=0, le=3600)] = 2.0
    retry_cap: Annotated[float, Field(gt=0, le=86_400)] = 600.0


class HealthSettings(Group):
    """Where health and metrics are answered. port: 0 takes any free one."""

    host: str = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65_535)] = 0


class SandboxSettings(Group):
    """Child processes for heavy work. processes: at a time; by default one for each core.

    memory: what each may take, such as `512MiB`, unless its kind of job says otherwise.
    """

    processes: Annotated[int, Field(ge=1, le=1000)] | None = None
    memory: Annotated[ByteSize, Field(ge=2**20)] = ByteSize(2**30)


class ServiceSettings(Settings):
    """What `run_service` needs. A service subclasses it for its own groups and its health port."""

    worker: WorkerSettings = WorkerSettings()
    health: HealthSettings = HealthSettings()
    sandbox: SandboxSettings = SandboxSettings()

"""A fleet to break: Valkey, a gateway and workers of two services, each behind a network of its own, supervised."""

import os
import signal
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from random import Random

from tests.chaos import appender
from tests.chaos.appender.contracts import QUEUE
from tests.chaos.effects import Mailbox, Places
from tests.chaos.runs import pid_of
from tests.fault_proxy import FaultProxy
from tests.integration.workers import waiting
from tests.integration.workers.supervision import Supervisor, supervised
from tests.processes import TRIAL, ServiceProcess, variables
from tests.servers import RedisServer

from afterwork.contracts import JobQuery, JobState, JobSummary
from afterwork.engine import JobClient

LEASE = 3.0
CONCURRENCY = 10
"""Jobs at a time in each worker."""
GATEWAY = "gateway"
WORKERS = {QUEUE: (appender.MODULE, 3), "notifier": ("notifier", 2)}
"""Queue → module and number of the workers."""
PATIENCE = 120.0
"""Seconds after which something that must happen has not happened, on however slow a machine."""


@dataclass(frozen=True, slots=True)
class Member:
    """One process of the fleet, and its way to Redis. queue: what it works, or `gateway`."""

    queue: str
    process: ServiceProcess
    proxy: FaultProxy
    supervisor: Supervisor

    @property
    def own_ends(self) -> list[str]:
        """How often and how it ended although nobody killed it."""
        return [
            f"{self.process.log_path.name}: the process ended by itself with {code}"
            for code in self.supervisor.ends
            if code != -signal.SIGKILL
        ]

    @property
    def is_up(self) -> bool:
        """Whether it runs and has said that it is ready."""
        return self.process.is_running and self.process.is_ready

    def runs(self, job: JobSummary) -> bool:
        """Whether the job is one of the process that runs now."""
        return job.worker is not None and pid_of(job.worker) == self.process.pid


@dataclass(frozen=True, slots=True)
class Fleet:
    """client: speaks to the server directly, past all faults of the network."""

    server: RedisServer
    gateway: Member
    workers: tuple[Member, ...]
    client: JobClient

    @property
    def members(self) -> tuple[Member, ...]:
        """The gateway and all workers."""
        return (self.gateway, *self.workers)

    @property
    def is_up(self) -> bool:
        """Whether every process runs and is ready."""
        return all(member.is_up for member in self.members)

    @property
    def logs(self) -> list[Path]:
        """What its processes logged, as JSON lines."""
        return [member.process.log_path for member in self.members]

    @property
    def pids(self) -> frozenset[int]:
        """Of the workers that run now."""
        return frozenset(member.process.pid for member in self.workers)

    async def running(self, member: Member) -> list[JobSummary]:
        """The jobs that the worker runs now."""
        query = JobQuery(queue=member.queue, state=JobState.RUNNING, page_size=100)
        return [job for job in (await self.client.list(query)).jobs if member.runs(job)]


@asynccontextmanager
async def running_fleet(directory: Path, box: Mailbox, random: Random) -> AsyncIterator[Fleet]:
    """The fleet, up, and supervised until the end of the block; its logs as JSON in the directory."""
    async with AsyncExitStack() as stack:
        server = stack.enter_context(RedisServer(enable_debug_command="yes"))
        path = f"{installed_appender(directory)}:{os.environ.get('PYTHONPATH', '')}"
        settings = {
            **variables(
                **TRIAL,
                **Places(directory).settings,
                lease=LEASE,
                log__format="json",
                worker__concurrency=CONCURRENCY,
                smtp__host="127.0.0.1",
                smtp__port=box.port,
                smtp__tls="none",
            ),
            "PYTHONPATH": path.rstrip(":"),
        }
        modules = [(GATEWAY, GATEWAY)]
        modules += [(queue, module) for queue, (module, count) in WORKERS.items() for _ in range(count)]
        members = []
        for number, (queue, module) in enumerate(modules):
            proxy = stack.enter_context(FaultProxy(server.socket, Random(random.random())))
            log = directory / f"{number}-{queue}.log"
            process = ServiceProcess(module, log, **settings, **variables(redis__url=proxy.url))
            stack.callback(process.remove)
            supervisor = await stack.enter_async_context(supervised(process))
            members.append(Member(queue, process, proxy, supervisor))
        client = await stack.enter_async_context(JobClient.connect(server.url))
        fleet = Fleet(server, members[0], tuple(members[1:]), client)
        await waiting.true(lambda: fleet.is_up, deadline=PATIENCE)
        yield fleet


def installed_appender(directory: Path) -> Path:
    """A folder for PYTHONPATH in which the appender's contract is installed, as a user's own would be."""
    site = directory / "site"
    distribution = site / "appender-1.dist-info"
    distribution.mkdir(parents=True)
    (distribution / "METADATA").write_text("Metadata-Version: 2.1\nName: appender\nVersion: 1\n")
    (distribution / "entry_points.txt").write_text(
        "[afterwork.contracts]\nchaos.append = tests.chaos.appender.contracts:Append\n"
        "[afterwork.services]\nappender = tests.chaos.appender.contracts:service\n"
    )
    return site

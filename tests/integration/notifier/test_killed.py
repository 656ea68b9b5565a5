"""The notifier as a process: killed in the middle of a notification, and with a mail server that takes its time."""

import asyncio
import json
from pathlib import Path

from tests.integration.workers import waiting
from tests.mail_servers import MailServer, mail_server
from tests.processes import TRIAL, ServiceProcess, variables
from tests.servers import RedisServer
from tests.web_servers import web_server

from afterwork.contracts import JobState
from afterwork.contracts.notifier import NotificationReceipt, SendNotification
from afterwork.engine import JobClient

LEASE = 1


def notifier_process(redis: RedisServer, port: int, folder: Path, **more: object) -> ServiceProcess:
    chosen = {
        "redis__url": redis.url,
        "lease": LEASE,
        "smtp__host": "127.0.0.1",
        "smtp__port": port,
        "smtp__tls": "none",
        "smtp__sender": "shop@example.com",
        "stores__receipts__url": (folder / "receipts").as_uri(),
    }
    return ServiceProcess("notifier", folder / "log", **variables(**TRIAL, **chosen, **more))


async def test_who_was_served_before_the_notifier_was_killed_is_not_served_again(
    redis_server: RedisServer, tmp_path: Path
) -> None:
    # given a server that confirms the first hundred recipients and then no more
    stuck = asyncio.Event()
    told = MailServer()

    async def gate(_: object) -> None:
        if told.delivered:
            stuck.set()
            await asyncio.Event().wait()

    told.gate = gate
    names = [f"r{number}@x.test" for number in range(250)]
    async with (
        JobClient.connect(redis_server.url) as client,
        mail_server(told) as server,
        web_server() as hook,
    ):
        notifier = notifier_process(
            redis_server,
            server.port,
            tmp_path,
            smtp__connections=1,
            egress__allow="127.0.0.1",
            webhooks__secret="whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        )
        targets = [f"http://127.0.0.1:{hook.port}/", *(f"mailto:{name}" for name in names)]
        job = (await client.submit(SendNotification(to=targets, text="hi"))).job
        with notifier:
            await waiting.true(stuck.is_set)
            await waiting.true(lambda: _is_noted(redis_server, job.id, 101))

            # when the notifier is killed, and another one starts
            await asyncio.to_thread(notifier.kill)
        told.gate = None
        with notifier:
            (ended,) = await waiting.ended(client, job.id)

    # then everybody has been served once, and the receipt knows everybody
    assert ended.state is JobState.SUCCEEDED
    assert sorted(server.recipients) == sorted(names)
    assert len(hook.requests) == 1
    receipt = NotificationReceipt.model_validate(ended.result)
    assert [one.status for one in receipt.targets] == ["sent"] * 251
    assert (tmp_path / "receipts" / f"{job.id}.json").is_file()
    assert ended.deaths == 1


async def test_a_slow_mail_server_holds_up_neither_the_service_nor_what_comes_after(
    redis_server: RedisServer, tmp_path: Path
) -> None:
    # given a server that takes two mails without an end to them
    first = {"ada@x.test", "bob@x.test"}
    release = asyncio.Event()

    async def gate(envelope: object) -> None:
        if first.intersection(getattr(envelope, "rcpt_tos", ())):
            await release.wait()

    async with JobClient.connect(redis_server.url) as client, mail_server(MailServer(gate=gate)) as server:
        notifier = notifier_process(redis_server, server.port, tmp_path, smtp__connections=3)
        with notifier:
            slow = [
                (await client.submit(SendNotification(to=[f"mailto:{name}"], text="hi"))).job.id
                for name in sorted(first)
            ]
            await waiting.running(client, *slow)

            # when others come, for longer than the lease
            for _ in range(5):
                jobs = [
                    (await client.submit(SendNotification(to=[f"mailto:r{n}@x.test"], text="hi"))).job.id
                    for n in range(10)
                ]
                ended = await waiting.ended(client, *jobs)
                assert {job.state for job in ended} == {JobState.SUCCEEDED}
                await waiting.elapsed(LEASE / 2)

            # then the slow ones still run, and end well
            assert notifier.get("/healthz").status_code == 200
            assert {job.attempt for job in await waiting.running(client, *slow)} == {1}
            release.set()
            ended = await waiting.ended(client, *slow)
    assert [(job.state, job.attempt) for job in ended] == [(JobState.SUCCEEDED, 1)] * 2
    assert len(server.recipients) == 52


def _is_noted(redis: RedisServer, job_id: str, count: int) -> bool:
    """Whether the job's checkpoint names so many targets."""
    with redis.client() as client:
        found = client.get(f"aw:checkpoint:{job_id}")
    groups = json.loads(str(found)) if found else []
    return sum(len(indexes) for _, indexes in groups) >= count

"""The kill test: whatever is killed, and whenever, every acknowledged job ends once, and what it was to do is done."""

import asyncio
import os
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from random import Random, SystemRandom

import httpx
import pytest
from tests.chaos import books
from tests.chaos.effects import Mailbox, Places, assert_all_there, mailbox, prepare
from tests.chaos.load import Clients, Order, orders
from tests.chaos.system import CONCURRENCY, WORKERS, System, Victim, running_system
from tests.integration.workers import waiting

from afterwork.contracts import Job, JobState
from afterwork.engine import JobClient

JOBS = 1000
AT_A_TIME = 20
"""Requests under way together."""
VICTIMS = [*[Victim.WORKER] * 6, *[Victim.GATEWAY] * 3, *[Victim.VALKEY] * 3, *[Victim.ALL] * 2]
PATIENCE = 0.6
"""How often, of one, everything is up again before the next one is killed."""
SEED = int(os.environ.get("SEED") or SystemRandom().randrange(2**32))


@pytest.fixture
def box() -> Iterator[Mailbox]:
    with mailbox() as opened:
        yield opened


@pytest.mark.timeout(240)
@pytest.mark.parametrize("seed", [SEED])  # stands in the name of the test, to be given as SEED
async def test_every_acknowledged_job_ends_once_whatever_is_killed(
    seed: int, tmp_path: Path, box: Mailbox
) -> None:
    random = Random(seed)
    ordered = orders(JOBS, WORKERS, random)
    places = Places(tmp_path)
    await prepare(places, random)
    settings = {**places.settings, "smtp__host": "127.0.0.1", "smtp__port": box.port, "smtp__tls": "none"}
    started_at = time.monotonic()

    # given the whole system
    async with running_system(tmp_path, **settings) as system, httpx.AsyncClient() as http:
        # when processes are killed at random while jobs come in
        clients = Clients(system.gateway, http, at_a_time=AT_A_TIME)
        await submit_among_kills(system, clients, ordered, random)
        async with JobClient.connect(system.valkey.url) as client:
            await waiting.eventually(client.ledger, books.is_over, deadline=90)
            seconds = time.monotonic() - started_at

            # then
            jobs = [await client.get(clients.acknowledged[order.key]) for order in ordered]
            given_up = [job for job in jobs if job.state is JobState.FAILED]
            report = count(jobs, ordered, system.logs)
            for order, job in zip(ordered, jobs, strict=True):
                books.assert_ended_as_expected(order, job)
            await assert_balanced(client, clients)
            assert books.falsely_dead(jobs, system.killed) == []
            assert report["deaths"] > 0, "this run has tried nothing"
            await assert_retried(http, system, client, given_up)
            done = {clients.acknowledged[order.key]: (order.key, order.payload) for order in ordered}
            report |= await assert_all_there(places, box, done)
            print(
                f"seed {seed}: {seconds:.0f} s, {len(VICTIMS)} kills ({len(system.killed)} workers), "
                f"{clients.repeats} requests repeated, {clients.replays} replayed, {len(given_up)} given up, {report}"
            )
            assert max(report.values()) <= len(system.killed) * CONCURRENCY


async def submit_among_kills(system: System, clients: Clients, ordered: list[Order], random: Random) -> None:
    """Submit a part of the orders for each kill, which comes at a random moment of it, and a last one in peace."""
    victims = random.sample(VICTIMS, len(VICTIMS))
    size = -(-len(ordered) // (len(victims) + 1))
    parts = [ordered[i : i + size] for i in range(0, len(ordered), size)]
    async with asyncio.TaskGroup() as group:
        for part, victim in zip(parts, victims, strict=False):
            before = len(clients.acknowledged)
            moment = before + random.randrange(len(part))
            for order in part:
                group.create_task(clients.submit(order))
            await waiting.true(lambda moment=moment: len(clients.acknowledged) >= moment)  # type: ignore[misc]
            await system.kill(victim, random)
            if random.random() < PATIENCE:
                await waiting.true(lambda: system.is_up)
        for order in parts[-1]:
            group.create_task(clients.submit(order))


def count(jobs: list[Job], ordered: list[Order], logs: Iterable[Path]) -> dict[str, int]:
    """What was done more often than needed: attempts whose worker died, claims, and whole runs."""
    runs = books.runs_in_logs(logs)
    assert all(runs[job.id] >= 1 for job in jobs if job.state is JobState.SUCCEEDED)
    return {
        "deaths": sum(job.deaths for job in jobs),
        "claims twice": sum(job.claims for job in jobs) - sum(order.attempts for order in ordered),
        "runs twice": sum(runs.values()) - len(runs),
    }


async def assert_balanced(client: JobClient, clients: Clients) -> None:
    """Each acknowledged job is there once, and nothing else is there."""
    ids = await books.all_ids(client)
    assert len(clients.acknowledged) == JOBS
    assert sorted(ids) == sorted(clients.acknowledged.values())
    ledger = await client.ledger()
    assert (ledger.imbalance, ledger.accepted, ledger.succeeded + ledger.failed) == (0, JOBS, JOBS)


async def assert_retried(
    http: httpx.AsyncClient, system: System, client: JobClient, given_up: list[Job]
) -> None:
    """What was given up succeeds when its operator retries it in quieter times."""
    for job in given_up:
        answer = await http.post(f"{system.gateway.url}/v1/jobs/{job.id}/retry")
        assert answer.is_success, answer.text
    for job in await waiting.ended(client, *(job.id for job in given_up)):
        assert job.state is JobState.SUCCEEDED, job
    ledger = await client.ledger()
    assert (ledger.imbalance, ledger.succeeded) == (0, JOBS)

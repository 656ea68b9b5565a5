"""`afterwork doctor`: each promise is broken on purpose and named; a system under load is healthy."""

import asyncio
import json
import subprocess
import sys
import time

import pytest
from tests.integration.engine.damage import KEYS, Break, broken, live_a_little
from tests.integration.engine.reports import Admin
from tests.integration.engine.transitions import ScriptedWorker, Transitions, new_job
from tests.old_redis import OldRedis
from tests.processes import TRIAL, ServiceProcess, variables
from tests.servers import RedisServer

from afterwork.contracts import FollowUp, JobOptions
from afterwork.contracts.probe import ProbeFailure, ProbeRun
from afterwork.engine import JobClient
from afterwork.engine.doctor import checks
from afterwork.engine.doctor.checks import State
from afterwork.engine.doctor.diagnosis import diagnose


@pytest.fixture
def lived(transitions: Transitions) -> Transitions:
    transitions.use_real_clock()
    live_a_little(transitions)
    return transitions


@pytest.mark.parametrize(
    ("promise", "code", "damage"), KEYS, ids=[f"{code}-{number}" for number, (_, code, _) in enumerate(KEYS)]
)
async def test_what_is_broken_behind_the_engines_back_is_named(
    lived: Transitions, engine_server: RedisServer, promise: str, code: str, damage: Break
) -> None:
    assert damage(lived.redis) is not None

    found = broken((await diagnose(engine_server.url, second_look=0.01)).checks)

    assert code in found[promise], found


async def test_jobs_in_every_state_are_sound(lived: Transitions, engine_server: RedisServer) -> None:
    found = await diagnose(engine_server.url)

    assert set(broken(found.checks)) == {checks.STORED}, "the server of this test keeps no file"
    assert found.examined is not None
    assert found.examined.records == 7
    assert not found.examined.faults


async def test_what_the_engine_itself_does_to_times_and_payloads_is_no_fault(
    lived: Transitions, engine_server: RedisServer
) -> None:
    lane, now = "aw:lane:q:alpha.run:normal", int(lived.redis.hget("aw:pulse", "last"))
    lived.submit(new_job("far", delay=86_400.0), new_job("locked"))
    lived.redis.set("arq:in-progress:locked", "stock", px=60_000)
    lived.redis.zadd("aw:lane:r:alpha.run:normal", {"never": 1})  # fails: it has no payload
    for queue in ("q", "r"):
        ScriptedWorker(lived, queue=queue, name=f"w-{queue}").claim(8)
    assert lived.record("never")["state"] == "failed"
    assert lived.redis.zscore(lane, "locked") > now + 4_000
    lived.redis.zadd(lane, {"retried": now + 590_000})  # put aside for the longest lease
    lived.redis.zadd(lane, {"far": 1})  # by `Job.abort` of a stock client

    found = await diagnose(engine_server.url, second_look=0.01)

    assert found.examined is not None
    assert not found.examined.faults


async def test_a_pulse_ahead_of_its_server_is_named(lived: Transitions, engine_server: RedisServer) -> None:
    lived.redis.hincrby("aw:pulse", "last", 365 * 86_400_000)

    for _ in range(2):
        found = broken((await diagnose(engine_server.url, with_keys=False)).checks)
        assert found[checks.CLOCKS] == ("time-ahead",)
        lived.submit(new_job("another"))  # from here on the pulse says itself how far it is ahead


async def test_the_ledger_is_held_against_the_records_without_looking_at_keys(
    lived: Transitions, engine_server: RedisServer
) -> None:
    lived.redis.hincrby("aw:ledger", "accepted", 3)

    found = await diagnose(engine_server.url, with_keys=False)

    assert broken(found.checks)[checks.BOOKS] == ("ledger",)
    assert "3 are missing" in next(check.text for check in found.checks if check.promise == checks.BOOKS)
    assert found.examined is None


async def test_what_a_stock_client_put_into_a_lane_waits_and_is_no_fault(
    lived: Transitions, engine_server: RedisServer
) -> None:
    lived.redis.set("arq:job:stock", "{}", px=60_000)
    lived.redis.zadd("aw:lane:q:alpha.run:normal", {"stock": 1})

    found = await diagnose(engine_server.url)

    (lost,) = (check for check in found.checks if check.promise == checks.LOST)
    assert (lost.state, "1 of stock ARQ clients wait" in lost.text) == (State.KEPT, True)


# ---------------------------------------------------------------------------------------------- the server


@pytest.mark.parametrize(
    ("settings", "promise", "code"),
    [
        ({"maxmemory": 8 * 1024**3, "maxmemory-policy": "allkeys-lru"}, checks.EVICTION, "evicting"),
        ({"maxmemory-policy": "volatile-lru"}, checks.EVICTION, "eviction-armed"),
        ({"appendonly": "no"}, checks.STORED, "memory-only"),
        ({"appendfsync": "no"}, checks.STORED, "no-fsync"),
        ({"maxmemory": 1}, checks.FIT, "memory-full"),
        ({"min-replicas-to-write": 1}, checks.STORED, "replicas-missing"),
    ],
)
async def test_a_setting_that_breaks_a_promise_is_named(
    server: RedisServer, admin: Admin, settings: dict[str, str], promise: str, code: str
) -> None:
    assert broken((await diagnose(server.url)).checks) == {}

    for name, value in settings.items():
        admin.config_set(name, value)

    assert code in broken((await diagnose(server.url)).checks)[promise]


async def test_a_replica_cannot_be_used(server: RedisServer, admin: Admin) -> None:
    admin.execute_command("REPLICAOF", "127.0.0.1", 1)

    assert broken((await diagnose(server.url)).checks)[checks.FIT] == ("read-only",)


async def test_scripts_that_a_user_may_not_load_are_named(server: RedisServer, admin: Admin) -> None:
    admin.execute_command("ACL", "SETUSER", "bob", "on", ">secret", "~*", "&*", "+@all", "-script|load")

    found = await diagnose(f"unix://bob:secret@{server.socket}")

    assert "script submit" in broken(found.checks)[checks.SCRIPTS]


async def test_a_clock_that_is_wrong_is_named(server: RedisServer) -> None:
    for now in (lambda: time.time() - 60, lambda: time.time() + 60):
        found = await diagnose(server.url, now=now)
        assert broken(found.checks) == {checks.CLOCKS: ("clocks",)}


# ------------------------------------------------------------------------------------------------ the command


def doctor(url: str, *options: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "afterwork.doctor_command", "--redis-url", url, *options]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)


def test_the_command_prints_a_line_for_each_promise_and_ends_with_what_it_found(
    server: RedisServer, admin: Admin
) -> None:
    healthy = doctor(server.url)
    assert (healthy.returncode, healthy.stdout.count("✓ ")) == (0, 10), healthy

    admin.hincrby("aw:ledger", "accepted", 1)
    ill = doctor(server.url)
    assert (ill.returncode, ill.stdout.count("✗ ")) == (1, 1), ill
    assert "✗ The ledger balances: 1 came, 0 were swept, 0 are there: 1 are missing" in ill.stdout

    told = json.loads(doctor(server.url, "--json", "--quick").stdout)
    assert [each["promise"] for each in told["checks"] if each["state"] == "broken"] == [checks.BOOKS]
    assert told["examined"] is None


def test_a_server_that_cannot_be_looked_at_is_told_apart_from_a_broken_promise(server: RedisServer) -> None:
    for url, why in [
        ("redis://127.0.0.1:1/0", "Redis does not answer"),
        (f"unix://:false@{server.socket}", "Redis has no password"),
    ]:
        ended = doctor(url)
        assert (ended.returncode, why in ended.stdout, ended.stdout.count("? ")) == (2, True, 8), ended
    assert doctor("http://127.0.0.1").returncode == 2


def test_a_server_that_is_too_old_is_named() -> None:
    with OldRedis("6.2.14") as old:
        ended = doctor(old.url)

    assert (ended.returncode, "✗ Redis can be used: Redis 6.2.14 is too old" in ended.stdout) == (1, True), (
        ended
    )


# ----------------------------------------------------------------------------------------------------- under load


async def produce(client: JobClient, ends: asyncio.Event) -> int:
    """Jobs of all sorts of lives, until it ends."""
    number = 0
    while not ends.is_set():
        number += 1
        follow = [FollowUp(kind="probe.run", payload={"queue": "notifier"})] if number % 5 == 0 else []
        options = JobOptions(
            tags=["load", f"t{number % 7}"], then=follow, retention=1 if number % 3 else None
        )
        fail = ProbeFailure.ONCE if number % 4 == 0 else ProbeFailure.NEVER
        seconds = 0.02 * (number % 3)
        submitted = await client.submit(ProbeRun(queue="notifier", fail=fail, seconds=seconds), options)
        if number % 6 == 0:
            try:
                await client.cancel(submitted.job.id)
                await client.retry(submitted.job.id)
            except Exception as error:  # noqa: BLE001 - it was faster
                assert "cancel" in str(error) or "succeeded" in str(error) or "ended" in str(error), error  # noqa: PT017
    return number


async def test_a_system_under_load_in_which_workers_are_killed_gives_no_false_alarm(binary: str) -> None:
    with RedisServer(binary) as server:
        settings = variables(redis__url=server.url, lease=1, **TRIAL)
        ends = asyncio.Event()
        async with JobClient.connect(server.url) as client:
            with (
                ServiceProcess("notifier", None, **settings),
                ServiceProcess("notifier", None, **settings) as victim,
            ):
                load = [asyncio.create_task(produce(client, ends)) for _ in range(4)]
                for _ in range(3):
                    found = await diagnose(server.url)
                    assert broken(found.checks) == {}, found
                    assert found.examined is not None
                    assert found.examined.records
                    victim.kill()
                    await asyncio.to_thread(victim.start)
                ends.set()
                assert sum(await asyncio.gather(*load)) > 50
            assert broken((await diagnose(server.url)).checks) == {}

"""Each finding, provoked on a real server, seen by the loop's watch and by the threads', and gone when it is mended."""

import resource
import shutil
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from redis.exceptions import RedisError, ResponseError
from tests.integration.engine.reports import Admin, codes, reports, seen_by
from tests.servers import RedisServer, wait_until

from afterwork.contracts import Durability
from afterwork.contracts.probe import ProbeRun
from afterwork.engine import JobClient
from afterwork.engine.jobs.overview import QueueReader
from afterwork.errors import QueueUnavailable

UNFILLABLE = 8 * 1024**3


async def test_there_is_nothing_to_find_in_a_server_as_it_should_be(server: RedisServer) -> None:
    seen, _ = await reports(server.url)

    assert seen.findings == ()
    assert (seen.is_fit, seen.reason, seen.durability) == (True, "", Durability.FSYNC)
    assert seen.flavour == ("Valkey" if "valkey" in server.binary else "Redis")


@pytest.mark.parametrize(
    ("settings", "found"),
    [
        ({"maxmemory": UNFILLABLE, "maxmemory-policy": "allkeys-lru"}, "evicting"),
        ({"maxmemory": UNFILLABLE, "maxmemory-policy": "volatile-lru"}, "evicting-volatile"),
        ({"maxmemory-policy": "allkeys-lfu"}, "eviction-armed"),
        ({"maxmemory": 1}, "memory-full"),
        ({"appendonly": "no"}, "memory-only"),
        ({"appendfsync": "everysec"}, "everysec"),
        ({"appendfsync": "no"}, "no-fsync"),
        ({"no-appendfsync-on-rewrite": "yes"}, "fsync-pauses"),
        ({"min-replicas-to-write": 1}, "replicas-missing"),
    ],
)
async def test_what_is_set_at_run_time_is_found_and_forgotten_when_it_is_set_back(
    server: RedisServer, admin: Admin, settings: dict[str, str | int], found: str
) -> None:
    before = {name: admin.config_get(name)[name] for name in settings}
    async with JobClient.connect(server.url) as client:
        assert (await client.server()).findings == ()

        for name, value in settings.items():
            admin.config_set(name, value)
        assert await codes(server.url) == [found]
        await seen_by(client, lambda report: [each.code for each in report.findings] == [found])

        for name, value in before.items():
            admin.config_set(name, value)
        await seen_by(client, lambda report: report.findings == ())


async def test_memory_is_nearly_full_before_it_is_full(server: RedisServer, admin: Admin) -> None:
    admin.setrange("ballast", 20_000_000, "x")
    admin.config_set("maxmemory", int(admin.info("memory")["used_memory"] / 0.95))

    assert await codes(server.url) == ["memory-nearly-full"]


async def test_a_replica_is_read_only_until_it_is_promoted(server: RedisServer, admin: Admin) -> None:
    admin.execute_command("REPLICAOF", "127.0.0.1", 1)

    assert await codes(server.url) == ["read-only"]
    async with JobClient.connect(server.url) as client:
        with pytest.raises(QueueUnavailable, match="read-only replica"):
            await client.submit(ProbeRun(queue="notifier"))
    admin.config_set("replica-serve-stale-data", "no")
    assert await codes(server.url) == ["read-only"]

    admin.execute_command("REPLICAOF", "NO", "ONE")
    assert await codes(server.url) == []


async def test_a_script_of_somebody_else_that_never_ends_is_named(server: RedisServer, admin: Admin) -> None:
    admin.config_set("lua-time-limit", 10)
    endless = threading.Thread(target=run_endless, args=(server,))
    endless.start()
    try:
        wait_until(lambda: is_refused(admin, "BUSY"), what="the script is noticed")
        assert await codes(server.url) == ["busy"]
    finally:
        admin.execute_command("SCRIPT", "KILL")
        endless.join()

    assert await codes(server.url) == []


def run_endless(server: RedisServer) -> None:
    with server.client() as client, pytest.raises(ResponseError):
        client.execute_command("EVAL", "while true do end", 0)


def is_refused(client: Admin, reason: str) -> bool:
    try:
        client.get("x")
    except RedisError as error:
        return reason in str(error)
    return False


async def test_a_server_that_loads_its_data_is_waited_for(binary: str) -> None:
    slowly = {"key-load-delay": "10000", "loading-process-events-interval-bytes": "1024"}
    with RedisServer(binary, enable_debug_command="yes", rdbcompression="no", **slowly) as server:
        with server.client() as client:
            for number in range(100):
                client.set(str(number), "x" * 2000)
        loading = threading.Thread(target=reload, args=(server,))
        loading.start()
        try:
            async with JobClient.connect(server.url) as client:
                seen = set()
                while loading.is_alive():
                    seen |= {finding.code for finding in (await client.server()).findings}
        finally:
            loading.join()

        assert seen == {"loading"}
        assert await codes(server.url) == []


def reload(server: RedisServer) -> None:
    with server.client() as client:
        client.execute_command("DEBUG", "RELOAD")


async def test_snapshots_that_fail_stop_all_writing(binary: str) -> None:
    server = RedisServer(binary, dir="data", appendonly="no", save="900 1")
    server.options["unixsocket"] = str(server.socket)
    data = server.directory / "data"
    data.mkdir()
    with server, server.client() as client:
        shutil.rmtree(data)
        client.bgsave()
        wait_until(lambda: client.info("persistence")["rdb_last_bgsave_status"] == "err")

        assert await codes(server.url) == ["snapshot-fails", "memory-only"]

        client.config_set("stop-writes-on-bgsave-error", "no")
        assert await codes(server.url) == ["memory-only"]


async def test_a_file_that_cannot_be_written_is_a_fault(binary: str) -> None:
    with deaf_to_file_limits(binary) as script, RedisServer(script, appendfsync="everysec") as server:
        with server.client() as client:
            resource.prlimit(server.pid, resource.RLIMIT_FSIZE, (100, resource.RLIM_INFINITY))
            client.set("a", "x" * 1000)
            wait_until(lambda: client.info("persistence")["aof_last_write_status"] == "err")

            assert await codes(server.url) == ["append-only-fails", "everysec"]

            resource.prlimit(server.pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY,) * 2)
            wait_until(lambda: client.info("persistence")["aof_last_write_status"] == "ok")
        assert await codes(server.url) == ["everysec"]


@contextmanager
def deaf_to_file_limits(binary: str) -> Iterator[str]:
    """The same server, for which the end of its allowance is an error as a full disk is, and no signal."""
    with RedisServer(binary) as anywhere:
        script = anywhere.directory / "server"
        script.write_text(f"#!/bin/sh\ntrap '' XFSZ\nexec '{binary}' \"$@\"\n")
        script.chmod(0o700)
        yield str(script)


async def test_replicas_that_are_wanted_and_not_there_are_missed(server: RedisServer) -> None:
    is_able = "valkey" in server.binary

    assert await codes(server.url, replicas=1) == ["replicas-missing" if is_able else "replicas-untold"]


async def test_an_outage_is_seen_at_once_and_a_restart_too(server: RedisServer) -> None:
    async with JobClient.connect(server.url) as client:
        reader = QueueReader(server.url)
        assert (await client.server()).is_fit
        assert reader.server().is_fit

        server.kill()
        assert [each.code for each in (await client.server()).findings] == ["away"]
        assert [each.code for each in reader.server().findings] == ["away"]

        server.start()
        assert (await client.server()).is_fit
        assert reader.server().is_fit


async def test_a_frozen_server_is_away_within_two_seconds(server: RedisServer) -> None:
    async with JobClient.connect(server.url) as client:
        for ask in (client.server, client.check_server):
            assert (await ask()).is_fit
            server.pause()
            began = time.monotonic()
            assert [each.code for each in (await ask()).findings] == ["away"]
            assert time.monotonic() - began < 2
            server.resume()

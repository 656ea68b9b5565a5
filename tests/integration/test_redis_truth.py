"""Gateway and services say what is wrong with Redis: at their start, and at `/readyz` for as long as they run."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import pytest
from tests.old_redis import OldRedis
from tests.processes import ANY_PORT, ServiceProcess, variables
from tests.servers import RedisServer, wait_until

from afterwork.engine.server.watch import AGE

MODULES = ("gateway", "notifier")
SEEN_WITHIN = 4.0
"""Seconds after which a change must have been noticed."""
SECRET = "hunter2"


@contextmanager
def unfit(how: str) -> Iterator[str]:
    """The URL of a server that no waiting makes fit."""
    if how == "too old":
        with OldRedis("6.2.14") as old:
            yield old.url
        return
    with RedisServer() as server, server.client() as admin:
        url = server.url
        match how:
            case "evicting":
                admin.config_set("maxmemory", 2**30)
                admin.config_set("maxmemory-policy", "allkeys-lru")
            case "password needed":
                admin.config_set("requirepass", SECRET)
            case "password wrong":
                admin.config_set("requirepass", SECRET + "3")
                url = f"unix://:{SECRET}@{server.socket}"
            case "not permitted":
                admin.execute_command(
                    "ACL", "SETUSER", "bob", "on", f">{SECRET}", "~*", "&*", "+@all", "-hdel"
                )
                url = f"unix://bob:{SECRET}@{server.socket}"
        yield url


@pytest.mark.parametrize("module", MODULES)
@pytest.mark.parametrize(
    ("how", "words"),
    [
        ("too old", "Redis 6.2.14 is too old: Redis 7.0 or newer is needed"),
        ("evicting", "maxmemory-policy is allkeys-lru, so jobs are deleted when memory is full"),
        ("password needed", "Redis asks for a password"),
        ("password wrong", "Redis refuses the user name or password"),
        ("not permitted", "Redis forbids its user the command HDEL"),
    ],
)
def test_what_no_waiting_mends_ends_the_start_with_one_line(module: str, how: str, words: str) -> None:
    with unfit(how) as url:
        ended = run(module, url)

    assert ended.returncode == 1
    assert ended.stderr.startswith(f"afterwork: {words}")
    assert ended.stderr.count("\n") == 1
    assert SECRET not in ended.stderr + ended.stdout
    assert "ready" not in ended.stdout


def run(module: str, url: str) -> "subprocess.CompletedProcess[str]":
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("AFTERWORK_")}
    return subprocess.run(
        [sys.executable, "-m", module],
        env={**inherited, **ANY_PORT, **variables(redis__url=url)},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )


@pytest.mark.parametrize("module", MODULES)
def test_each_warning_is_one_line_in_the_log_and_the_process_is_ready(module: str) -> None:
    with (
        RedisServer(appendfsync="everysec", maxmemory_policy="volatile-lru") as server,
        ServiceProcess(module, AFTERWORK_REDIS__URL=server.url) as process,
    ):
        answer = asked_again(process)

        assert answer.status_code == 200
        assert "up to a second of accepted jobs is lost" in answer.text
        assert "maxmemory-policy is volatile-lru" in answer.text
        assert process.log.count("code=everysec") == 1
        assert process.log.count("code=eviction-armed") == 1


@pytest.mark.parametrize("module", MODULES)
def test_a_replica_is_waited_for_and_said_once(own_redis: RedisServer, module: str) -> None:
    with own_redis.client() as admin:
        admin.execute_command("REPLICAOF", "127.0.0.1", 1)
        with ServiceProcess(module, AFTERWORK_REDIS__URL=own_redis.url) as process:
            answer = asked_again(process)
            assert answer.status_code == 503
            assert "read-only replica" in answer.text
            assert process.log.count("code=read-only") == 1

            admin.execute_command("REPLICAOF", "NO", "ONE")

            becomes(process, 200)
            assert process.log.count("code=read-only") == 2, "and once that it is over"


def asked_again(process: ServiceProcess) -> httpx.Response:
    """The last of many answers of `/readyz`, for which the server was asked more than twice."""
    end = time.monotonic() + 2.5 * AGE
    while time.monotonic() < end:
        answer = process.get("/readyz")
    return answer


def becomes(process: ServiceProcess, status: int) -> httpx.Response:
    """The first answer of `/readyz` with this status, which must come soon."""
    seen: list[httpx.Response] = []

    def is_there() -> bool:
        seen[:] = [process.get("/readyz")]
        return seen[0].status_code == status

    wait_until(is_there, deadline=SEEN_WITHIN, what=f"/readyz says {status}")
    return seen[0]


@pytest.mark.parametrize("module", MODULES)
def test_readiness_follows_what_becomes_of_redis_and_recovers(own_redis: RedisServer, module: str) -> None:
    changes: dict[str, tuple[list[tuple[object, ...]], list[tuple[object, ...]], str]] = {
        "evicting": (
            [("CONFIG", "SET", "maxmemory", 2**30), ("CONFIG", "SET", "maxmemory-policy", "allkeys-lru")],
            [("CONFIG", "SET", "maxmemory-policy", "noeviction"), ("CONFIG", "SET", "maxmemory", 0)],
            "allkeys-lru",
        ),
        "read-only": (
            [("REPLICAOF", "127.0.0.1", 1)],
            [("REPLICAOF", "NO", "ONE")],
            "read-only replica",
        ),
        "password": (
            [("CONFIG", "SET", "requirepass", SECRET)],
            [("CONFIG", "SET", "requirepass", "")],
            "asks for a password",
        ),
    }
    with (
        own_redis.client() as admin,
        ServiceProcess(module, AFTERWORK_REDIS__URL=own_redis.url) as process,
    ):
        admin.ping()
        assert process.get("/readyz").status_code == 200
        for break_it, mend_it, words in changes.values():
            for command in break_it:
                admin.execute_command(*command)
            assert words in becomes(process, 503).text
            for command in mend_it:
                admin.execute_command(*command)
            becomes(process, 200)

        assert process.is_running
        assert "Traceback" not in process.log
        assert SECRET not in process.log


def test_the_gateways_refusal_is_a_problem_with_the_reason_of_each_dependency(own_redis: RedisServer) -> None:
    with (
        own_redis.client() as admin,
        ServiceProcess("gateway", AFTERWORK_REDIS__URL=own_redis.url) as gateway,
    ):
        admin.config_set("maxmemory-policy", "allkeys-lru")
        admin.config_set("maxmemory", 2**30)

        problem = becomes(gateway, 503).json()

    assert (problem["type"], problem["ready"]) == ("/problems/queue-unavailable", False)
    redis = problem["dependencies"]["redis"]
    assert (redis["ready"], redis["findings"], redis["durability"]) == (False, ["evicting"], "unknown")
    assert redis["reason"] == problem["detail"]
    assert redis["version"].split()[0] in {"Redis", "Valkey"}

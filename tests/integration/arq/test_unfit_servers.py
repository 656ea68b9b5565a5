"""`afterwork worker` says what is wrong with its Redis: each thing once, in the words of its settings."""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from tests.integration.arq.processes import WorkerProcess, process
from tests.integration.connections.arq_worker import VARIABLE
from tests.integration.test_redis_truth import SECRET, unfit
from tests.integration.workers.waiting import true
from tests.servers import RedisServer, free_port, redis_binary, wait_until
from tests.tls_servers import HOST, Certificates, TlsServer

from afterwork.arq import RedisSettings, create_pool
from afterwork.arq.connections import unconnected
from afterwork.engine.server.tls import tls_finding

SETTINGS = "tests.integration.connections.arq_worker.WorkerSettings"
COMMAND = ["-m", "afterwork.arq", SETTINGS]
READY = "Starting worker"


@contextmanager
def worker_of(settings: dict[str, Any], folder: Path, *options: str) -> Iterator[WorkerProcess]:
    with process([*COMMAND, *options], {VARIABLE: json.dumps(settings)}, folder) as running:
        yield running


def refusal(settings: dict[str, Any], folder: Path) -> str:
    """The only line that the worker writes before it ends."""
    with worker_of(settings, folder) as worker:
        assert worker.wait() == 1
        assert SECRET not in worker.log
        (line,) = worker.log.splitlines()
        return line


async def three(settings: dict[str, Any]) -> object:
    """What a job returns that a worker runs."""
    pool = await create_pool(RedisSettings(**settings))
    try:
        job = await pool.enqueue_job("add", 1, 2)
        assert job is not None
        return await job.result(timeout=30)
    finally:
        await pool.aclose(close_connection_pool=True)


@pytest.mark.parametrize(
    ("how", "words"),
    [
        ("too old", "Redis 6.2.14 is too old: Redis 7.0 or newer is needed"),
        ("evicting", "maxmemory-policy is allkeys-lru, so jobs are deleted when memory is full"),
        ("password needed", "Redis asks for a password: put it into redis_settings"),
        ("password wrong", "Redis refuses the user name or password in redis_settings"),
        ("not permitted", "Redis forbids its user the command HDEL"),
    ],
)
def test_what_no_waiting_mends_ends_the_command_with_one_line(how: str, words: str, tmp_path: Path) -> None:
    with unfit(how) as url:
        assert refusal(vars(RedisSettings.from_dsn(url)), tmp_path).startswith(f"Error: {words}")


@pytest.mark.skipif(redis_binary() is None, reason="redis-server is not installed")
def test_wrong_tls_ends_the_command_with_one_line_that_names_what_to_set(tmp_path: Path) -> None:
    certificates = Certificates(tmp_path)
    own = str(certificates.authority)
    with TlsServer(certificates) as server, TlsServer(certificates, clients="yes") as strict:
        cases: list[tuple[dict[str, Any], str]] = [
            ({"port": server.tls_port}, "set ssl=True in redis_settings"),
            ({"port": server.plain_port, "ssl": True}, "leave ssl out of redis_settings"),
            ({"port": server.tls_port, "ssl": True}, "by ssl_ca_certs in redis_settings"),
            (
                {"port": strict.tls_port, "ssl": True, "ssl_ca_certs": own},
                "by ssl_certfile and ssl_keyfile in redis_settings",
            ),
            (
                {"port": strict.tls_port, "ssl": True, "ssl_cert_reqs": "none"},
                "by ssl_certfile and ssl_keyfile",
            ),
        ]
        for settings, words in cases:
            assert words in refusal({"host": HOST, **settings}, tmp_path)


@pytest.mark.skipif(redis_binary() is None, reason="redis-server is not installed")
def test_a_second_look_at_tls_trusts_whom_the_settings_trust(tmp_path: Path) -> None:
    with TlsServer(Certificates(tmp_path), clients="yes") as strict:
        for trust, code in (("none", "tls-certificate"), ("required", "tls-untrusted")):
            settings = RedisSettings(host=HOST, port=strict.tls_port, ssl=True, ssl_cert_reqs=trust)
            found = tls_finding(unconnected(settings).connection_pool.connection_kwargs)
            assert found is not None
            assert found.code == code


async def test_each_warning_is_one_line_and_the_worker_works(tmp_path: Path) -> None:
    with RedisServer(appendonly="no", maxmemory_policy="volatile-lru", maxmemory="1gb") as server:
        settings = {"unix_socket_path": str(server.socket)}
        with worker_of(settings, tmp_path) as worker:
            assert await three(settings) == 3
            assert worker.terminate() == 0

    told = [line for line in worker.log.splitlines() if "Redis is not as it should be" in line]
    assert sorted(re.findall(r"code=(\S+)", "\n".join(told))) == ["evicting-volatile", "memory-only"]
    assert len(told) == 2
    assert all("[warning" in line for line in told)


async def test_a_redis_that_is_not_there_is_waited_for_at_the_address_of_the_settings(
    own_redis: RedisServer, tmp_path: Path
) -> None:
    settings = {"unix_socket_path": str(own_redis.socket)}
    own_redis.stop()
    with worker_of(settings, tmp_path) as worker:
        # given one that waits
        await true(lambda: f"Redis does not answer at {own_redis.socket}" in worker.log)
        assert READY not in worker.log

        # when Redis is there
        own_redis.start()

        # then the worker works, and has said each thing once
        assert await three(settings) == 3
        assert worker.log.count("Redis does not answer") == 1
        assert worker.log.count("as it should be again") == 1
        assert worker.terminate() == 0


@pytest.mark.parametrize("how", ["host", "sentinels"])
async def test_a_worker_that_waits_ends_when_it_is_asked_to(how: str, tmp_path: Path) -> None:
    port = free_port()
    settings, words = {
        "host": ({"host": HOST, "port": port}, f"Redis does not answer at {HOST}:{port}"),
        "sentinels": (
            {"host": [(HOST, port)], "sentinel": True, "sentinel_master": "house"},
            f"the primary 'house' of the sentinels {HOST}:{port}: none that can be used is named",
        ),
    }[how]
    with worker_of(settings, tmp_path) as worker:
        await true(lambda: words in worker.log)

        assert worker.terminate() == 0
        assert "Traceback" not in worker.log
        assert worker.log.count(words) == 1


async def test_a_read_only_replica_is_told_once_and_waited_for(
    own_redis: RedisServer, tmp_path: Path
) -> None:
    settings = {"unix_socket_path": str(own_redis.socket)}
    with own_redis.client() as admin:
        admin.execute_command("REPLICAOF", HOST, 1)
        with worker_of(settings, tmp_path) as worker:
            await true(
                lambda: "Redis is a read-only replica: name its primary in redis_settings" in worker.log
            )
            assert READY not in worker.log

            admin.execute_command("REPLICAOF", "NO", "ONE")

            assert await three(settings) == 3
            assert worker.log.count("code=read-only") == 2, "when it was met, and when it was over"
            assert worker.terminate() == 0


async def test_a_worker_that_works_speaks_of_its_settings_too(own_redis: RedisServer, tmp_path: Path) -> None:
    settings = {"unix_socket_path": str(own_redis.socket)}
    with worker_of(settings, tmp_path) as worker, own_redis.client() as admin:
        assert await three(settings) == 3

        admin.config_set("requirepass", SECRET)
        admin.execute_command("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
        admin.execute_command("CLIENT", "KILL", "TYPE", "pubsub")
        await true(lambda: "put it into redis_settings" in worker.log)
        await true(lambda: "duties wait for Redis" in worker.log)
        admin.config_set("requirepass", "")

        assert await three(settings) == 3
        assert "AFTERWORK" not in worker.log
        assert worker.terminate() == 0


def test_the_check_of_health_says_in_one_line_why_it_cannot_tell(
    own_redis: RedisServer, tmp_path: Path
) -> None:
    with own_redis.client() as admin:
        admin.config_set("requirepass", SECRET)
    for settings, words in (
        ({"unix_socket_path": str(own_redis.socket)}, "put it into redis_settings"),
        ({"unix_socket_path": "/nowhere"}, "Redis does not answer at /nowhere"),
    ):
        with worker_of(settings, tmp_path, "--check") as check:
            assert check.wait() == 1
            (line,) = check.log.splitlines()
            assert words in line


CODE = """
from afterwork.arq import RedisSettings

async def say(ctx):
    return 1

class Nobody:
    functions = [say]
    redis_settings = RedisSettings(unix_socket_path="/nowhere")
    max_job = 3

class Zero(Nobody):
    max_jobs = 0

class Idle(Nobody):
    functions = []
"""


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("Zero", "max_jobs must be a whole number from 1, and not 0"),
        ("Idle", "at least one function or cron_job must be registered"),
    ],
)
def test_settings_that_cannot_be_meant_end_the_command_with_one_line(
    name: str, words: str, tmp_path: Path
) -> None:
    (tmp_path / "app.py").write_text(CODE)
    with process(["-m", "afterwork.arq", f"app.{name}"], {"PYTHONPATH": str(tmp_path)}, tmp_path) as worker:
        assert worker.wait() == 1
        misspelt, refused = worker.log.splitlines()
        assert refused == f"Error: app.{name}: {words}"
        assert "setting=max_job" in misspelt
        assert "nearest=max_jobs" in misspelt


def test_a_misspelt_setting_does_not_keep_a_worker_from_its_start(tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text(CODE)
    with process(["-m", "afterwork.arq", "app.Nobody"], {"PYTHONPATH": str(tmp_path)}, tmp_path) as worker:
        wait_until(lambda: "Redis does not answer at /nowhere" in worker.log)
        assert worker.terminate() == 0

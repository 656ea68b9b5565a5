"""`afterwork worker` as a user starts it."""

import subprocess
import sys
from pathlib import Path

import pytest
from tests.integration.arq import processes
from tests.integration.arq.fleet import STARTED
from tests.integration.arq.processes import FLEET
from tests.integration.arq.working import enqueued, traces
from tests.integration.workers.waiting import eventually, true
from tests.processes import DEADLINE, ROOT
from tests.servers import RedisServer

from afterwork.arq import ArqRedis

CODE = """
import os
from afterwork.arq import RedisSettings

async def say(ctx):
    return {word!r}

class WorkerSettings:
    functions = [say]
    redis_settings = RedisSettings(unix_socket_path=os.environ["REDIS_SOCKET"])
"""


async def test_it_works_until_it_is_asked_to_end(
    pool: ArqRedis, redis_server: RedisServer, tmp_path: Path
) -> None:
    with processes.ours(redis_server, tmp_path, f"{FLEET}Ours") as worker:
        job = await enqueued(pool, "greet", "Ada")
        assert await job.result(timeout=30) == "hello Ada"
        with processes.ours(redis_server, tmp_path, f"{FLEET}Ours", "--check") as check:
            assert check.wait() == 0
            assert "Health check successful" in check.log

        assert worker.terminate() == 0

    with processes.ours(redis_server, tmp_path, f"{FLEET}Ours", "--check") as check:
        assert check.wait() == 1


async def test_a_burst_ends_by_itself(pool: ArqRedis, redis_server: RedisServer, tmp_path: Path) -> None:
    jobs = [await enqueued(pool, "greet", str(number)) for number in range(20)]

    with processes.ours(redis_server, tmp_path, f"{FLEET}Ours", "--burst", "-v") as worker:
        assert worker.wait() == 0

    assert [await job.result(timeout=30) for job in jobs] == [f"hello {number}" for number in range(20)]


async def test_a_job_is_handed_back_when_its_worker_is_asked_to_end(
    pool: ArqRedis, redis_server: RedisServer, tmp_path: Path
) -> None:
    with processes.ours(redis_server, tmp_path, f"{FLEET}Ours") as worker:
        jobs = [await enqueued(pool, "leave_trace", number) for number in range(40)]
        await eventually(lambda: traces(pool, STARTED), lambda lines: len(lines) > 5)
        assert worker.terminate() == 0
    with processes.ours(redis_server, tmp_path, f"{FLEET}Ours", "--burst") as worker:
        assert worker.wait() == 0

    assert [await job.result(timeout=30) for job in jobs] == list(range(40))


async def test_changed_code_is_read_again(pool: ArqRedis, redis_server: RedisServer, tmp_path: Path) -> None:
    code = tmp_path / "app.py"
    code.write_text(CODE.format(word="before"))
    arguments = ("app.WorkerSettings", "--watch", str(tmp_path))
    with processes.ours(redis_server, tmp_path, *arguments, cwd=tmp_path) as worker:
        assert await (await enqueued(pool, "say")).result(timeout=30) == "before"

        code.write_text("this is no Python")
        await true(lambda: worker.log.count("SyntaxError") >= 1)
        code.write_text(CODE.format(word="after all"))

        assert await (await enqueued(pool, "say")).result(timeout=30) == "after all"
        assert worker.terminate() == 0


@pytest.mark.parametrize("settings", ["nowhere.Settings", f"{FLEET}Nobody", "nonsense"])
def test_settings_that_there_are_not_are_told_in_one_line(settings: str) -> None:
    done = subprocess.run(
        [str(Path(sys.executable).parent / "afterwork"), "worker", settings],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=DEADLINE,
        check=False,
    )

    assert done.returncode == 1
    assert done.stderr.startswith(f"Error: {settings} cannot be imported")
    assert done.stderr.count("\n") == 1

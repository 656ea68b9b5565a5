"""The command line around `afterwork up`: which commands there are, and what `afterwork ledger` says."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from tests.e2e.up_support import Up, submit, wait_for_state
from tests.servers import RedisServer


def afterwork(*words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run the command line; it never shows a traceback."""
    command = [sys.executable, "-m", "afterwork.cli", *words]
    done = subprocess.run(
        command, env={**os.environ, **environment}, capture_output=True, text=True, timeout=60, check=False
    )
    assert "Traceback" not in done.stderr
    return done


def test_installed_commands_are_listed() -> None:
    done = afterwork("--help")

    assert done.returncode == 0
    assert "Run all of Afterwork on this machine" in done.stdout
    assert "Print the ledger as JSON" in done.stdout
    assert "Make API keys" in done.stdout


def test_a_command_that_is_not_there_is_named() -> None:
    done = afterwork("down")

    assert done.returncode == 2
    assert "No such command 'down'" in done.stderr


def test_a_broken_command_leaves_the_others_alone(tmp_path: Path) -> None:
    # given an installed distribution whose command cannot be imported
    folder = tmp_path / "broken-1.0.dist-info"
    folder.mkdir()
    (folder / "METADATA").write_text("Metadata-Version: 2.1\nName: broken\nVersion: 1.0\n")
    (folder / "entry_points.txt").write_text("[afterwork.commands]\nmend = nowhere.command:mend\n")

    # when it is called, then it says what is wrong
    done = afterwork("mend", "--all", PYTHONPATH=str(tmp_path))
    assert done.returncode == 1
    assert done.stderr == "Error: nowhere.command:mend cannot be loaded: No module named 'nowhere'\n"

    # and the others are there
    assert "Print the ledger" in afterwork("--help", PYTHONPATH=str(tmp_path)).stdout


def test_balanced_books_are_printed(tmp_path: Path) -> None:
    with Up(tmp_path) as up, up.client() as client:
        wait_for_state(client, submit(client), "succeeded")

        done = afterwork("ledger", "--redis-url", f"unix://{tmp_path}/valkey.sock")

        assert done.returncode == 0
        counts = json.loads(done.stdout)
        assert (counts["accepted"], counts["succeeded"], counts["imbalance"]) == (1, 1, 0)


def test_a_job_that_disappeared_makes_the_command_fail(tmp_path: Path) -> None:
    with RedisServer() as server:
        # given a job that is removed behind the engine's back
        with Up(tmp_path, "--redis-url", server.url) as up, up.client() as client:
            wait_for_state(client, submit(client), "succeeded")
        with server.client() as redis:
            assert redis.delete("aw:ix:notifier:probe.run:succeeded") == 1

        # when the books are looked at, then the exit code tells
        done = afterwork("ledger", "--redis-url", server.url)
        assert done.returncode == 1
        assert json.loads(done.stdout)["imbalance"] == 1


@pytest.mark.parametrize("url", ["unix:///nowhere/valkey.sock", "http://127.0.0.1", "redis://127.0.0.1:1/0"])
def test_without_redis_the_command_says_so_in_one_line(url: str) -> None:
    done = afterwork("ledger", "--redis-url", url)

    assert done.returncode == 1
    assert done.stderr.startswith("Error: ")
    assert done.stderr.count("\n") == 1


def test_it_is_ready_only_when_jobs_are_accepted(tmp_path: Path) -> None:
    # given a server that is not there yet
    with RedisServer() as server:
        server.stop()
        with Up(tmp_path, "--redis-url", server.url) as up:
            # when everything else has started
            up.waits_for_line("^waiting: Redis does not answer$")
            assert "afterwork ready" not in up.printed

            # then it is ready as soon as the server is
            server.start()
            with up.client() as client:
                wait_for_state(client, submit(client), "succeeded")

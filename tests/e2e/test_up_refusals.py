"""`afterwork up` with wishes that it cannot fulfil: one clear line and exit code 1, never a traceback or a loop."""

import os
import socket
import subprocess
from pathlib import Path

import pytest
from tests.e2e.up_support import COMMAND, Up
from tests.servers import RedisServer


def refused(folder: Path, *options: str, **environment: str) -> str:
    """Run it with these options, which it must refuse; what it printed."""
    done = subprocess.run(
        [*COMMAND, "--data-dir", str(folder), *options],
        env={**os.environ, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 1, done.stdout
    assert "Traceback" not in done.stdout
    return done.stdout


def test_a_second_one_on_the_same_directory_is_told_which_process_has_it(tmp_path: Path) -> None:
    with Up(tmp_path) as up:
        assert up.address

        printed = refused(tmp_path, "--port", "0")

        assert printed == f"Error: another `afterwork up` (pid {up.process.pid}) is using {tmp_path}\n"


def test_a_port_in_use_is_named_before_anything_is_started(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]

        printed = refused(tmp_path, "--port", str(port))

    assert printed.startswith(f"Error: cannot listen on 127.0.0.1 port {port}: another program uses it")
    assert printed.count("\n") == 1
    assert not (tmp_path / "appendonlydir").exists()


@pytest.mark.parametrize(
    ("options", "line"),
    [
        (["--host", "0.0.0.0"], "Error: --host 0.0.0.0: others can reach it, so it needs API keys"),
        (["--host", "no.such.host.test"], "Error: --host no.such.host.test: cannot be resolved"),
        (["--redis-url", "http://127.0.0.1:6379"], "Error: --redis-url: expected redis://host:port/0"),
    ],
)
def test_wrong_wishes_are_refused_in_one_line(tmp_path: Path, options: list[str], line: str) -> None:
    printed = refused(tmp_path, *options)

    assert printed.startswith(line)
    assert printed.count("\n") == 1


def test_wrong_keys_are_refused_before_anything_is_started(tmp_path: Path) -> None:
    printed = refused(tmp_path, "--port", "0", AFTERWORK_API_KEYS="shop:write:0")

    assert printed.startswith("Error: AFTERWORK_API_KEYS: entry 1 (shop): ")
    assert printed.count("\n") == 1
    assert not (tmp_path / "appendonlydir").exists()


def test_a_data_directory_that_is_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    printed = refused(tmp_path / "file", "--port", "0")

    assert printed == f"Error: cannot use {tmp_path / 'file'} as data directory: File exists\n"


def test_wrong_settings_end_it_with_the_words_of_the_child(tmp_path: Path) -> None:
    printed = refused(tmp_path, "--port", "0", AFTERWORK_LEASE="soon")

    assert " cannot start (exit code 2); the last lines it printed:" in printed
    assert "AFTERWORK_LEASE" in printed


def test_data_that_valkey_cannot_read_end_it_with_the_words_of_valkey(tmp_path: Path) -> None:
    # given an append-only file that is damaged at its beginning
    with Up(tmp_path) as up:
        assert up.address
    for file in (tmp_path / "appendonlydir").glob("*.rdb"):
        file.write_bytes(b"damaged" * 100)

    # when it is started again
    printed = refused(tmp_path, "--port", "0")

    # then it ends instead of trying for ever
    assert "valkey cannot start (exit code 1)" in printed


def test_a_server_that_would_delete_jobs_ends_it_with_the_words_of_the_child(tmp_path: Path) -> None:
    # given
    with RedisServer(maxmemory="1gb", maxmemory_policy="allkeys-lru") as server:
        # when
        printed = refused(tmp_path, "--port", "0", "--redis-url", server.url)

    # then it does not try for ever
    assert " cannot start (exit code 1); the last lines it printed:" in printed
    assert printed.splitlines()[-1].startswith(
        "afterwork: maxmemory-policy is allkeys-lru, so jobs are deleted"
    )

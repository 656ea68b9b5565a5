"""What a job costs our worker and Redis while so many others are queued."""

import signal
from collections.abc import Sequence

from tests.bench.engine.figures import Found
from tests.bench.engine.stage import Drained, Stage
from tests.bench.peers.catalog import OURS

SHALLOW = 1000
"""The least depth: filled again and again, as it is run in an instant."""


def measure(found: Found, depths: Sequence[int], *, jobs: int, rounds: int) -> None:
    """CPU over the first `jobs` jobs of each depth, the worker warm and held (SIGSTOP) until all are queued."""
    for _ in range(rounds):
        for depth in depths:
            with Stage(OURS, AFTERWORK_LEASE="600") as stage:
                stage.warm_up(bulk=SHALLOW)
                found.depths.setdefault(depth, []).append(_at(stage, depth, jobs))


def _at(stage: Stage, depth: int, jobs: int) -> Drained:
    """As many fillings as it takes to run so many jobs."""
    times = max(1, jobs // depth)
    parts = [_once(stage, depth, jobs // times) for _ in range(times)]
    total = sum(part.jobs for part in parts)
    return Drained(
        total,
        sum(part.seconds for part in parts),
        sum(part.worker * part.jobs for part in parts) / total,
        sum(part.redis * part.jobs for part in parts) / total,
    )


def _once(stage: Stage, depth: int, jobs: int) -> Drained:
    worker = stage.workers[0]
    worker.send_signal(signal.SIGSTOP)
    stage.fill(bulk=depth)
    worker.send_signal(signal.SIGCONT)
    return stage.watch(until=max(0, depth - jobs))

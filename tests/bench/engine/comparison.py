"""The engine beside its peers: measures everything, writes the page and the curves, and gives figures and verdicts."""

import json
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.bench.engine import conditions, depth, latencies, posting, promises, report, rounds
from tests.bench.engine.figures import Found
from tests.bench.peers import environments
from tests.bench.peers.catalog import ARQ, ARQ_TUNED, BULLMQ, OURS, PEERS, Peer
from tests.processes import ROOT

DOCS = ROOT / "docs"
BUILD = ROOT / "build"


@dataclass(frozen=True, slots=True)
class Plan:
    """How much is measured. jobs: for the curves. pickups: jobs for an idle worker. posting: seconds of a load."""

    rounds: int
    curve_rounds: int
    depths: Sequence[int]
    depth_jobs: int
    worker_jobs: int
    pickups: int
    crashes: int
    posting: float


QUICK = Plan(
    rounds=3,
    curve_rounds=1,
    depths=(1000, 20_000, 200_000),
    depth_jobs=8000,
    worker_jobs=15_000,
    pickups=200,
    crashes=1,
    posting=2.0,
)
FULL = Plan(
    rounds=5,
    curve_rounds=3,
    depths=(1000, 10_000, 100_000, 1_000_000),
    depth_jobs=20_000,
    worker_jobs=50_000,
    pickups=200,
    crashes=3,
    posting=5.0,
)
PICKED_UP_QUICKLY = {OURS.name, ARQ.name, ARQ_TUNED.name, BULLMQ.name}


def run(*, is_quick: bool) -> tuple[dict[str, object], bool]:
    """What `bench.json` says, and whether every must is met. The page of a quick run goes into `build/`."""
    plan = QUICK if is_quick else FULL
    found = Found()
    peers = installed(found, PEERS)
    circumstances = conditions.describe(found, is_quick=is_quick, rounds=plan.rounds)
    measure(found, [OURS, *peers], plan, is_quick=is_quick)
    if is_quick:
        print(
            f"a quick run: the depth ends at {max(plan.depths):,}, most peers take part in one round",
            flush=True,
        )
    print(report.console(found), flush=True)
    folder = BUILD if is_quick else DOCS
    _write(found, circumstances, folder)
    details = {"is_quick": is_quick, "conditions": circumstances.facts, "versions": circumstances.versions}
    kept = all(line.holds for line in promises.lines(found))
    return {**promises.summary(found), "details": {**details, "missing": found.missing}}, kept


def installed(found: Found, peers: Sequence[Peer]) -> list[Peer]:
    """Those that can be started; the others are noted as missing."""
    ready = []
    for peer in peers:
        try:
            peer.command()
        except environments.MissingError as error:
            found.missing[peer.name] = str(error)
            print(f"{peer.name} is missing: {error}", flush=True)
        else:
            ready.append(peer)
    return ready


def measure(found: Found, engines: Sequence[Peer], plan: Plan, *, is_quick: bool) -> None:
    """Everything, one after another; nothing runs at the same time."""
    _timed("rounds", lambda: rounds.compare(found, engines, rounds=plan.rounds, is_quick=is_quick))
    engines = [one for one in engines if one.name not in found.missing]
    picked_up = [one for one in engines if not is_quick or one.name in PICKED_UP_QUICKLY]
    _timed("logged", lambda: rounds.compare_logged(found, engines, rounds=plan.rounds))
    _timed("pick-up", lambda: latencies.pick_up(found, picked_up, jobs=plan.pickups))
    _timed("waiting", lambda: latencies.waiting(found, jobs=plan.pickups))
    _timed("posting", lambda: posting.measure(found, rounds=plan.rounds, seconds=plan.posting))
    _timed("crash", lambda: latencies.crash(found, rounds=plan.crashes))
    _timed("depth", lambda: depth.measure(found, plan.depths, jobs=plan.depth_jobs, rounds=plan.curve_rounds))
    _timed(
        "workers",
        lambda: rounds.compare_workers(found, engines, rounds=plan.curve_rounds, jobs=plan.worker_jobs),
    )


def curves(found: Found) -> dict[str, Any]:
    """Medians for the plots."""
    return {
        "depths": {
            depth: {
                "worker": statistics.median(one.worker for one in drains),
                "redis": statistics.median(one.redis for one in drains),
            }
            for depth, drains in found.depths.items()
        },
        "workers": {
            engine: {count: statistics.median(one.rate for one in drains) for count, drains in curve.items()}
            for engine, curve in found.workers.items()
        },
    }


def _timed(name: str, work: Callable[[], None]) -> None:
    began = time.monotonic()
    work()
    print(f"engine: {name} measured in {time.monotonic() - began:.0f} s", file=sys.stderr, flush=True)


def _write(found: Found, circumstances: report.Conditions, folder: Path) -> None:
    BUILD.mkdir(exist_ok=True)
    data = BUILD / "curves.json"
    data.write_text(json.dumps(curves(found)), encoding="utf-8")
    plots = Path(__file__).with_name("plots")
    try:
        python = environments.python(plots.with_suffix(".txt"))
    except environments.MissingError as error:
        found.missing["the curves"] = str(error)
    else:
        subprocess.run([*python, plots.with_suffix(".py"), data, folder / "images"], check=True)
    (folder / "benchmarks.md").write_text(report.page(found, circumstances, "images"), encoding="utf-8")

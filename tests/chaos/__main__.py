"""`make chaos`: breaks a fleet at work for some minutes, counts what became of every job, and exits by it.

MINUTES=3 is how long; every fault comes at least once. SEED=… repeats the faults of an earlier run in their order.
"""

import asyncio
import os
import shutil
import sys
import time
from collections import Counter, defaultdict
from contextlib import suppress
from pathlib import Path
from random import Random, SystemRandom

from tests.chaos import books, report
from tests.chaos.campaign import Field
from tests.chaos.effects import Mailbox, mailbox
from tests.chaos.fleet import PATIENCE, Fleet, running_fleet
from tests.chaos.logs import accidents, released_runs, summary
from tests.chaos.producers import Producers, producing
from tests.chaos.runs import Run
from tests.chaos.verdicts import Books, Stroke, Verdict, judge
from tests.integration.workers import waiting

from afterwork import errors
from afterwork.contracts import Job

BUILD = Path("build")
PAGE = Path("docs/crash-matrix.md")
MAIL_SECONDS = 0.3
"""So that a worker that sends mail has some under way when it is hit."""
WARM = 50
"""Jobs that are acknowledged before the first fault."""


async def run(seed: int, seconds: float, directory: Path) -> tuple[report.Conditions, Verdict]:
    """The whole of it; its logs are in the directory afterwards."""
    random = Random(seed)
    lines = directory / "lines"
    lines.touch()
    with mailbox(MAIL_SECONDS) as box:
        async with running_fleet(directory, box, random) as fleet:
            with fleet.server.client() as client:
                server = server_name(client.info("server"))
            began = time.monotonic()
            strokes, producers = await strike(fleet, lines, random, seconds)
            taken = time.monotonic() - began
            with suppress(TimeoutError):  # what has not ended is counted as lost
                await waiting.eventually(fleet.client.ledger, books.is_over, deadline=PATIENCE)
            found = await collect(fleet, producers, effects_of(lines, box))
    return report.Conditions(seed, taken, server), judge(found, strokes)


async def strike(fleet: Fleet, lines: Path, random: Random, seconds: float) -> tuple[list[Stroke], Producers]:
    """Let the faults fall while jobs are submitted."""
    strokes = []
    async with producing(fleet, lines, random) as producers:
        await waiting.true(lambda: len(producers.sent) >= WARM, deadline=PATIENCE)
        async for stroke in Field(fleet, producers, random).strokes(seconds):
            taken = "" if stroke.takeover is None else f", jobs taken over after {stroke.takeover:.1f} s"
            print(
                f"{stroke.fault}: for {stroke.ended - stroke.began:.1f} s, work flows after {stroke.flow:.1f} s{taken}",
                flush=True,
            )
            strokes.append(stroke)
    return strokes, producers


async def collect(fleet: Fleet, producers: Producers, effects: Counter[str]) -> Books:
    """What there is to be judged."""
    released: dict[str, list[Run]] = defaultdict(list)
    for log in fleet.logs:
        for job_id, run in released_runs(log):
            released[job_id].append(run)
    mishaps = [line for log in fleet.logs for line in accidents(log)]
    mishaps += [end for member in fleet.members for end in member.own_ends]
    jobs: dict[str, Job] = {}
    for sent in producers.sent:
        try:
            jobs[sent.job_id] = await fleet.client.get(sent.job_id)
        except errors.NotFound:
            continue
    return Books(producers.sent, jobs, released, effects, await fleet.client.ledger(), mishaps)


def effects_of(lines: Path, box: Mailbox) -> Counter[str]:
    """Job id → how often what it was to do was done: lines in the file, mails."""
    return Counter(line.partition(" ")[0] for line in lines.read_text().splitlines()) + box.mails


def server_name(info: dict[str, object]) -> str:
    """Name and version, from `INFO server`."""
    if "valkey_version" in info:
        return f"Valkey {info['valkey_version']}"
    return f"Redis {info['redis_version']}"


def main() -> None:
    """Exit code 1 if anything is not as promised; a fault that could not be applied ends it with a traceback."""
    seed = int(os.environ.get("SEED") or SystemRandom().randrange(2**32))
    minutes = float(os.environ.get("MINUTES") or 3)
    directory = (BUILD / "chaos").absolute()
    shutil.rmtree(directory, ignore_errors=True)
    directory.mkdir(parents=True)
    print(f"chaos for {minutes:g} minutes with SEED={seed}, logs in {BUILD}/chaos", flush=True)
    conditions, verdict = asyncio.run(run(seed, 60 * minutes, directory))
    (BUILD / "chaos.json").write_text(report.as_json(conditions, verdict))
    PAGE.write_text(report.page(PAGE.read_text(encoding="utf-8"), conditions, verdict), encoding="utf-8")
    print(f"\n{conditions.sentences()}\n\n{report.table(verdict)}\n\n{summary(directory.glob('*.log'))}")
    for breach in verdict.breaches:
        print(f"BROKEN: {breach}")
    sys.exit(bool(verdict.breaches))


if __name__ == "__main__":
    main()

"""What the processes said while everything was broken around them."""

import json
from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

from tests.chaos.runs import Run

SEVERE = frozenset({"warning", "error", "critical"})


def records(log: Path) -> Iterator[dict[str, Any]]:  # Any: JSON
    """The lines of a log, but not those in whose middle a process was killed."""
    for line in log.read_text(errors="replace").splitlines():
        try:
            yield json.loads(line)
        except ValueError:
            continue


def summary(logs: Iterable[Path]) -> str:
    """What was said with a warning or worse, how often, the most frequent first."""
    counts = Counter(
        (record["level"], str(record["event"]).splitlines()[0][:100])
        for log in logs
        for record in records(log)
        if record.get("level") in SEVERE
    )
    return "\n".join(f"{count:6} {level}: {event}" for (level, event), count in counts.most_common())


def released_runs(log: Path) -> Iterator[tuple[str, Run]]:
    """Job id and run of each attempt that a worker gave back; a job's history does not tell of them.

    The log may be that of several processes, one after the other; each names itself first.
    """
    worker = ""
    for record in records(log):
        worker = record.get("worker", worker) if record.get("event") == "service ready" else worker
        if record.get("outcome") == "released":
            ended = datetime.fromisoformat(record["timestamp"]).timestamp()
            yield record["job_id"], Run(worker, ended - record["seconds"], ended, "released")


def accidents(log: Path) -> list[str]:
    """What nobody was prepared for: exceptions that were logged, and lines of a traceback without a log around it."""
    logged = [f"{log.name}: {record['event']}" for record in records(log) if "exception" in record]
    raw = [line for line in log.read_text(errors="replace").splitlines() if line.startswith("Traceback")]
    return logged + [f"{log.name}: {line}" for line in raw]

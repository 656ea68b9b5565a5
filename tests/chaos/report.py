"""What a run of chaos has shown: a table for people, JSON for machines, and the page that holds the last one."""

import json
import math
import os
import platform
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import version
from typing import Any

from tests.chaos.fleet import CONCURRENCY, LEASE, WORKERS
from tests.chaos.verdicts import Row, Verdict

BEGIN = "<!-- written by make chaos: begin -->"
END = "<!-- written by make chaos: end -->"
HEAD = (
    "what happened",
    "times",
    "jobs submitted",
    "lost",
    "jobs hit",
    "done twice",
    "work flows again, p95",
    "jobs taken over, p95",
)


@dataclass(frozen=True, slots=True)
class Conditions:
    """Under which the run was made. server: name and version. seconds: from the first fault to the last."""

    seed: int
    seconds: float
    server: str

    def sentences(self) -> str:
        """For the page."""
        fleet = ", ".join(f"{count} workers of `{queue}`" for queue, (_, count) in WORKERS.items())
        python, ours = platform.python_version(), version("afterwork")
        memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
        return (
            f"Seed {self.seed}, {self.seconds / 60:.1f} minutes. A gateway, {fleet}, {CONCURRENCY} jobs at a time "
            f"each; lease {LEASE:g} s; {self.server} with `appendfsync always`; Afterwork {ours}, Python {python}. "
            f"All on one machine: {platform.system()} on {platform.machine()}, {os.cpu_count()} cores, "
            f"{memory:.0f} GiB."
        )


def table(verdict: Verdict) -> str:
    """Markdown: a line per fault, and a last one for all of them."""
    lines = [_line(HEAD), _line(["---", *["---:"] * (len(HEAD) - 1)])]
    lines += [_line(_cells(fault, row)) for fault, row in verdict.rows.items()]
    lines.append(_line(_cells("**all**", total(verdict.rows))))
    return "\n".join(lines)


def total(rows: Mapping[str, Row]) -> Row:
    """The sum of all rows."""
    whole = Row()
    for row in rows.values():
        whole.times += row.times
        whole.submitted += row.submitted
        whole.lost += row.lost
        whole.hit += row.hit
        whole.doubled += row.doubled
        whole.flows += row.flows
        whole.takeovers += row.takeovers
    return whole


def percentile(values: Sequence[float], share: float) -> float | None:
    """By the nearest rank: the smallest value that so great a share of them does not exceed; None of nothing."""
    return sorted(values)[math.ceil(share * len(values)) - 1] if values else None


def page(text: str, conditions: Conditions, verdict: Verdict) -> str:
    """The text with what stands between the markers replaced. Raises ValueError if it has no markers."""
    written = f"{BEGIN}\n{conditions.sentences()}\n\n{table(verdict)}\n{END}"
    replaced, count = re.subn(
        f"{re.escape(BEGIN)}.*{re.escape(END)}", lambda _: written, text, flags=re.DOTALL
    )
    if count != 1:
        raise ValueError("the page has no place for the table")
    return replaced


def as_json(conditions: Conditions, verdict: Verdict) -> str:
    """For whoever compares runs. Times in seconds."""
    rows: dict[str, Any] = {  # Any: JSON
        fault: asdict(row)
        | {"flow_p95": percentile(row.flows, 0.95), "takeover_p95": percentile(row.takeovers, 0.95)}
        for fault, row in verdict.rows.items()
    }
    whole = total(verdict.rows)
    content = asdict(conditions) | {
        "conditions": conditions.sentences(),
        "faults": rows,
        "submitted": whole.submitted,
        "lost": whole.lost,
        "doubled": whole.doubled,
        "given_up": verdict.given_up,
        "breaches": list(verdict.breaches),
    }
    return json.dumps(content, indent=2) + "\n"


def _cells(fault: str, row: Row) -> list[str]:
    counts = (row.times, row.submitted, row.lost, row.hit, row.doubled)
    return [fault, *(f"{count:,}" for count in counts), _seconds(row.flows), _seconds(row.takeovers)]


def _seconds(values: Sequence[float]) -> str:
    value = percentile(values, 0.95)
    return "–" if value is None else f"{value:.1f} s"


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"

"""`make bench`: runs every benchmark, prints what was measured beside what is promised, and exits by it.

QUICK=1 measures with less, and says so. ONLY=list_pages,copy runs these alone.
"""

import json
import os
import sys
from dataclasses import asdict
from importlib import import_module
from pathlib import Path

from tests.bench.measure import Measure

OUTPUT = Path("build/bench.json")
BENCHMARKS = ("copy", "images", "list_pages", "mail", "sandbox", "table")
"""Modules of this folder, each with `run(is_quick=…)`, which returns what it measured."""


def main() -> None:
    """Exit code 1 if a bound is broken."""
    is_quick = os.environ.get("QUICK", "") not in {"", "0"}
    wanted = os.environ.get("ONLY", "").split(",") if os.environ.get("ONLY") else BENCHMARKS
    measures: list[Measure] = []
    for name in wanted:
        found = import_module(f"tests.bench.{name}").run(is_quick=is_quick)
        for measure in found:
            print(measure.line(), flush=True)
        measures += found
    OUTPUT.parent.mkdir(exist_ok=True)
    OUTPUT.write_text(json.dumps([asdict(measure) for measure in measures], indent=2) + "\n")
    sys.exit(any(not measure.holds for measure in measures))


if __name__ == "__main__":
    main()

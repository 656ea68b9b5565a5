"""`make bench`: runs every benchmark, prints what was measured beside what is promised, and exits by it.

QUICK=1 measures with less, and says so. ONLY=list_pages,engine runs these alone.
"""

import json
import os
import sys
from dataclasses import asdict
from importlib import import_module
from pathlib import Path

from tests.bench.engine import comparison
from tests.bench.measure import Measure

OUTPUT = Path("build/bench.json")
BENCHMARKS = ("copy", "images", "list_pages", "mail", "sandbox", "table")
"""Modules of this folder, each with `run(is_quick=…)`, which returns what it measured."""

ENGINE = "engine"
"""The engine beside its peers, which has a page and figures of its own in the output."""


def main() -> None:
    """Exit code 1 if a bound or a must is broken."""
    is_quick = os.environ.get("QUICK", "") not in {"", "0"}
    document: dict[str, object] = {}
    is_kept = True
    wanted = os.environ.get("ONLY", "").split(",") if os.environ.get("ONLY") else (*BENCHMARKS, ENGINE)
    measures: list[Measure] = []
    for name in wanted:
        if name == ENGINE:
            document, is_kept = comparison.run(is_quick=is_quick)
            continue
        found = import_module(f"tests.bench.{name}").run(is_quick=is_quick)
        for measure in found:
            print(measure.line(), flush=True)
        measures += found
    OUTPUT.parent.mkdir(exist_ok=True)
    document["measures"] = [asdict(measure) for measure in measures]
    OUTPUT.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
    sys.exit(not is_kept or any(not measure.holds for measure in measures))


if __name__ == "__main__":
    main()

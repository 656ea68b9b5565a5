"""`make bench`: runs every benchmark, prints what was measured beside what is promised, and exits by it.

QUICK=1 stores fewer jobs, and says so.
"""

import json
import os
import sys
from dataclasses import asdict
from pathlib import Path

from tests.bench import list_pages

OUTPUT = Path("build/bench.json")


def main() -> None:
    """Exit code 1 if a bound is broken."""
    is_quick = os.environ.get("QUICK", "") not in {"", "0"}
    measures = list_pages.run(is_quick=is_quick)
    for measure in measures:
        print(measure.line())
    OUTPUT.parent.mkdir(exist_ok=True)
    OUTPUT.write_text(json.dumps([asdict(measure) for measure in measures], indent=2) + "\n")
    sys.exit(any(not measure.holds for measure in measures))


if __name__ == "__main__":
    main()

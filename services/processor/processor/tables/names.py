"""The names of columns: each has one, and no two have the same."""

from collections.abc import Sequence

from afterwork import errors
from processor.tables.findings import Findings

MAX_COLUMNS = 5000
MAX_CHARACTERS = 200_000
"""Of all names together; they stand in the result of the job."""


def column_names(found: Sequence[str], findings: Findings) -> list[str]:
    """Names for columns: what has none becomes `column_3` by its place, a second `city` becomes `city_2`.

    findings: is told what was renamed. Raises InputInvalid for too many columns.
    """
    if len(found) > MAX_COLUMNS:
        raise errors.InputInvalid(f"the table has {len(found):,} columns, of {MAX_COLUMNS:,} at most")
    if sum(map(len, found)) > MAX_CHARACTERS:
        raise errors.InputInvalid(f"the names of the columns have more than {MAX_CHARACTERS:,} characters")
    named = [name or f"column_{place}" for place, name in enumerate(found, start=1)]
    taken = set(named)
    names: list[str] = []
    used: set[str] = set()
    for place, name in enumerate(named):
        chosen = name if name not in used else _free(name, taken)
        if chosen != found[place]:
            findings.add(f"column {place + 1} is named {chosen!r}: its name is {_fault(found[place])}")
        used.add(chosen)
        taken.add(chosen)
        names.append(chosen)
    return names


def _free(name: str, taken: set[str]) -> str:
    number = 2
    while f"{name}_{number}" in taken:
        number += 1
    return f"{name}_{number}"


def _fault(name: str) -> str:
    return "empty" if not name else f"{name[:100]!r} again"

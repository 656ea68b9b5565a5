"""docs/tables.md names every step and function, and says of each what the code says."""

from pathlib import Path
from typing import get_args

from afterwork.contracts.table_steps import Step
from afterwork.expressions import FUNCTIONS

PAGE = (Path(__file__).parents[3] / "docs" / "tables.md").read_text(encoding="utf-8")


def test_every_function_stands_there_with_its_meaning() -> None:
    missing = [
        name for name, one in FUNCTIONS.items() if f"| `{one.signature}` | {one.meaning} |" not in PAGE
    ]

    assert missing == []


def test_every_step_stands_there() -> None:
    steps = [get_args(step.model_fields["op"].annotation)[0] for step in get_args(get_args(Step)[0])]

    assert [step for step in steps if f'{{"op": "{step}"' not in PAGE] == []

"""The handlers that docs/handlers.md shows do what they say."""

import re
from pathlib import Path
from types import ModuleType

import pytest

from afterwork.contracts import Contract
from afterwork.engine.work.outcome import Done
from afterwork.testing import Reported, work

PAGE = Path(__file__).parents[2] / "docs" / "handlers.md"


@pytest.fixture(scope="module")
def shown() -> ModuleType:
    """The page's Python as a module."""
    (code,) = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), flags=re.DOTALL)
    module = ModuleType("shown")
    exec(compile(code, str(PAGE), "exec"), vars(module))  # noqa: S102 - our own page
    return module


@pytest.mark.parametrize(
    ("kind", "payload", "left", "result", "checkpoints"),
    [
        ("Count", {"to": 1}, None, b"1", [1]),
        ("Count", {"to": 2}, 1, b"2", [2]),
        ("Add", {"numbers": [1, 2, 3]}, None, b"6", [[1, 1], [3, 2], [6, 3]]),
        ("Add", {"numbers": [1, 2, 3]}, [3, 2], b"6", [[6, 3]]),
    ],
)
async def test_a_handler_begins_where_an_earlier_attempt_ended(
    shown: ModuleType, kind: str, payload: object, left: object, result: bytes, checkpoints: list[object]
) -> None:
    contract: type[Contract] = vars(shown)[kind]
    reported = Reported()

    outcome = await work(shown.jobs, contract.model_validate(payload), checkpointed=left, reported=reported)

    assert outcome == Done(result)
    assert reported.checkpoints == checkpoints
    last = checkpoints[-1]
    assert reported.progresses[-1].done == (last[1] if isinstance(last, list) else last)

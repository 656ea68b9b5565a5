"""One attempt of a small contract through the real executor."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any

from afterwork.contracts import Contract
from afterwork.engine.claims import Claim
from afterwork.engine.codec import encode_payload
from afterwork.engine.executor import Execution, Work
from afterwork.engine.outcome import Cancelled, Failed, Outcome, Retry
from afterwork.engine.retry import Backoff
from afterwork.engine.run import Run


class Echo(Contract, kind="test.echo", queue="test", max_attempts=3, timeout=10):
    """Says its text."""

    text: str = ""


Perform = Callable[[Any, Run], Awaitable[Any]]


class Attempt:
    """An execution and what it ended with, each time that it says it did."""

    def __init__(self, perform: Perform, *, attempt: int = 1, payload: bytes | None = None) -> None:
        self.outcomes: list[Outcome] = []
        self.ended = asyncio.Event()
        claim = Claim(
            id="job",
            kind="test.echo",
            token="w:1",
            attempt=attempt,
            max_attempts=3,
            timeout=10.0,
            created_ms=0,
            deaths=2,
            is_suspect=True,
            payload=encode_payload(Echo(text="hi"), 0) if payload is None else payload,
        )
        self.execution = Execution(
            claim, Work(Echo, perform), worker="w", backoff=Backoff(draw=lambda: 1.0), on_end=self._on_end
        )

    def _on_end(self, execution: Execution, outcome: Outcome) -> None:
        assert execution is self.execution
        self.outcomes.append(outcome)
        self.ended.set()

    @property
    def outcome(self) -> Outcome:
        """The only end."""
        (outcome,) = self.outcomes
        return outcome


def code_of(outcome: Outcome) -> str:
    """The code of the problem that it ended with."""
    assert isinstance(outcome, Failed | Retry | Cancelled)
    return str(json.loads(outcome.problem)["type"]).removeprefix("/problems/")

"""One attempt of a small contract through the real executor."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any

from afterwork.contracts import Contract
from afterwork.engine.codec import encode_payload
from afterwork.engine.work.claims import Claim
from afterwork.engine.work.executor import Execution, Work
from afterwork.engine.work.loop_time import LoopTime
from afterwork.engine.work.outcome import Cancelled, Failed, Outcome, Retry
from afterwork.engine.work.retry import Backoff
from afterwork.engine.work.run import Channel, Run
from afterwork.testing import Reported


class Echo(Contract, kind="test.echo", queue="test", max_attempts=3, timeout=10):
    """Says its text."""

    text: str = ""


Perform = Callable[[Any, Run], Awaitable[Any]]


class Attempt:
    """An execution and what it ended with, each time that it says it did."""

    def __init__(
        self,
        perform: Perform,
        *,
        attempt: int = 1,
        payload: bytes | None = None,
        then: bytes = b"",
        timeout: float = 10.0,
        loop_time: LoopTime | None = None,
        channel: Channel | None = None,
    ) -> None:
        self.reported = Reported()
        self.outcomes: list[Outcome] = []
        self.ended = asyncio.Event()
        claim = Claim(
            id="job",
            kind="test.echo",
            token="w:1",
            attempt=attempt,
            max_attempts=3,
            timeout=timeout,
            created_ms=0,
            deaths=2,
            is_suspect=True,
            payload=encode_payload(Echo(text="hi"), 0) if payload is None else payload,
            then=then,
        )
        self.execution = Execution(
            claim,
            Work(Echo, perform),
            worker="w",
            backoff=Backoff(draw=lambda: 1.0),
            channel=channel or self.reported,
            on_end=self._on_end,
            loop_time=loop_time,
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

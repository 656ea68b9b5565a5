"""The attempts under way in a worker of plain functions."""

import asyncio
from collections.abc import Callable
from dataclasses import replace

from afterwork.arq.envelopes import Call
from afterwork.arq.execution import PlainExecution, Rules
from afterwork.arq.steps import PlainClaim
from afterwork.engine.work.attempts import Attempts, Surroundings
from afterwork.engine.work.claims import Claim, Finish
from afterwork.engine.work.executor import Execution
from afterwork.engine.work.outcome import Outcome, Released
from afterwork.engine.work.reporting import RedisChannel
from afterwork.engine.work.steps import Steps


class PlainAttempts(Attempts):
    """One worker's. on_count: told of the outcome of each attempt.

    max_starts: how many jobs may be started in all, None: as many as there are.
    """

    def __init__(
        self,
        steps: Steps,
        surroundings: Surroundings,
        rules: Rules,
        *,
        on_count: Callable[[Outcome], None],
        max_starts: int | None = None,
    ) -> None:
        super().__init__(steps, surroundings, max_starts)
        self._rules = rules
        self._on_count = on_count
        self._written: dict[str, PlainExecution] = {}
        self._hooks: set[asyncio.Task[None]] = set()

    @property
    def may_start_more(self) -> bool:
        """Whether the number of jobs that may be started is not reached."""
        return self.pump.starts_left > 0

    async def after(self) -> None:
        """Return when the hooks after the ends of jobs have returned, too."""
        while self._hooks:
            await asyncio.wait(self._hooks)

    def _execution(self, claim: Claim) -> Execution:
        assert isinstance(claim, PlainClaim)  # noqa: S101 - what these steps hand out
        call = Call.of(claim.payload, self._rules.deserializer) if claim.payload else Call()
        function = self._rules.functions.get(call.function)
        known = replace(
            claim,
            timeout=self._rules.timeout_of(function),
            max_attempts=self._rules.max_tries_of(function),
        )
        around = self._around
        return PlainExecution(
            known,
            call,
            self._rules,
            worker=around.worker,
            channel=RedisChannel(around.redis, self.pump.reports, claim),
            on_end=self._end,
            loop_time=around.time,
        )

    def _end(self, execution: Execution, outcome: Outcome) -> None:
        if isinstance(execution, PlainExecution) and self._rules.hooks.get("after_job_end"):
            self._written[execution.claim.token] = execution
        super()._end(execution, outcome)
        self._on_count(outcome)

    def _judge(self, finish: Finish, verdict: str) -> None:
        super()._judge(finish, verdict)
        execution = self._written.pop(finish.claim.token, None)
        if (
            execution is None
            or not execution.was_called
            or (verdict == "lost" and isinstance(finish.outcome, Released))
        ):
            return
        task = self._loop.create_task(execution.hook("after_job_end"))
        self._hooks.add(task)
        task.add_done_callback(self._hooks.discard)

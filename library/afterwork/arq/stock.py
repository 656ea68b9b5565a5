"""What stock ARQ clients and workers do in a worker's queue: aborts that they ask for, jobs that they have run."""

from typing import Any

from arq.connections import ArqRedis
from arq.jobs import DeserializationError, Deserializer, Serializer, deserialize_result

from afterwork import errors
from afterwork.arq.envelopes import cancelled_envelope
from afterwork.engine import keys, scripts
from afterwork.engine.codec import exception_text, problem_json
from afterwork.engine.scripts import Argument


class StockWatch:
    """One queue's. keep: seconds for which the results of aborted jobs are kept, None for ever."""

    def __init__(
        self,
        redis: ArqRedis,
        queue: str,
        *,
        serializer: Serializer | None,
        deserializer: Deserializer | None,
        keep: float | None,
    ) -> None:
        self._redis = redis
        self._queue = queue
        self._serializer = serializer
        self._deserializer = deserializer
        self._keep = -1 if keep is None else round(keep * 1000)
        self._passed = 0

    async def look(self) -> None:
        """Do what is to be done once. Raises what redis-py raises."""
        aborts, ended, self._passed = await self._call("plain_watch", self._queue, self._passed)
        for job_id in aborts:
            await self._abort(job_id.decode(errors="replace"))
        if ended:
            arguments = [argument for row in ended for argument in self._ending(*row)]
            await self._call("plain_settle", *arguments)

    async def _abort(self, job_id: str) -> None:
        payload = await self._redis.get(keys.PAYLOAD + job_id)
        envelope = cancelled_envelope(
            payload, job_id, self._queue, serializer=self._serializer, deserializer=self._deserializer
        )
        answer = await self._call("plain_cancel", job_id, self._queue, envelope, self._keep, 5, 300_000)
        if answer != b"elsewhere":
            await self._redis.zrem(keys.ABORTS, job_id)

    def _ending(self, job_id: bytes, function: bytes, result: bytes) -> list[Argument]:
        """id, state, function, problem."""
        if not result:
            detail = "an ARQ worker without records ran the job and kept no result"
            return [job_id, "failed", function, problem_json(errors.OutcomeUnknown, detail)]
        try:
            info = deserialize_result(result, deserializer=self._deserializer)
        except DeserializationError as error:
            return [job_id, "failed", function, problem_json(errors.Undecodable, exception_text(error))]
        if info.success:
            return [job_id, "succeeded", info.function, ""]
        told = info.result
        text = exception_text(told) if isinstance(told, BaseException) else str(told)
        problem = problem_json(errors.HandlerError, text, exception=type(told).__qualname__)
        return [job_id, "failed", info.function, problem]

    async def _call(self, name: str, *arguments: Argument) -> Any:  # noqa: ANN401 - each script's own reply
        return await scripts.call(self._redis, scripts.script(name), *arguments)

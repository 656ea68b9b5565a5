"""The keeper: renews leases from a thread of its own, so that a handler which blocks the loop loses none."""

import threading
import time
from collections.abc import Callable, Mapping

import structlog
from redis import Redis
from redis.exceptions import RedisError

from afterwork.engine import keys, scripts
from afterwork.engine.patience import pause
from afterwork.engine.server import connection
from afterwork.engine.work.sign_of_life import SignOfLife

logger = structlog.get_logger()


class Keeper:
    """Renews and gives a sign of life every third of the lease, on a connection of its own.

    server: its URL, or a client that becomes the keeper's own. name: of the worker, and so of its connections.
    held: job id → token of the running claims, a copy; called in this thread.
    on_lost: told (job id, token) of claims that are ours no longer, or not surely so.
    on_cancel: told (job id) of running jobs that are to be cancelled. Both are called in this thread.
    """

    def __init__(
        self,
        server: str | Redis,
        *,
        name: str | None = None,
        lease: float,
        held: Callable[[], Mapping[str, str]],
        sign_of_life: SignOfLife,
        on_lost: Callable[[str, str], None],
        on_cancel: Callable[[str], None],
    ) -> None:
        self._redis = (
            server
            if isinstance(server, Redis)
            else connection.connect_sync(server, timeout=min(connection.CALL_TIMEOUT, lease / 3), name=name)
        )
        self._lease = lease
        self._held = held
        self._sign_of_life = sign_of_life
        self._on_lost = on_lost
        self._on_cancel = on_cancel
        self._stopping = threading.Event()
        self._sure_at = time.monotonic()
        self._thread = threading.Thread(target=self._run, name="keeper", daemon=True)

    @property
    def redis(self) -> Redis:
        """The keeper's own client, usable by any thread."""
        return self._redis

    def start(self) -> None:
        """Begin to renew."""
        self._thread.start()

    def stop(self) -> None:
        """End the thread and close its connection."""
        self._stopping.set()
        self._thread.join(timeout=self._lease)
        self._redis.close()

    def _run(self) -> None:
        failures = 0
        self._sign_of_life.show(self._redis)
        while not self._stopping.wait(self._pause(failures)):
            try:
                self._renew()
            except (RedisError, OSError) as error:
                failures += 1
                self._doubt(error)
            else:
                failures = 0
                self._sure_at = time.monotonic()
                self._sign_of_life.show(self._redis)
        self._sign_of_life.withdraw(self._redis)

    def _pause(self, failures: int) -> float:
        if failures == 0:
            return self._lease / 3
        return pause(failures, self._lease / 6)

    def _renew(self) -> None:
        for batch in batches(self._held()):
            lease = round(self._lease * 1000)
            answers = scripts.call_sync(self._redis, scripts.script("renew"), lease, *batch)
            for job_id, token, answer in zip(batch[::2], batch[1::2], answers, strict=True):
                if answer == b"lost":
                    self._on_lost(job_id, token)
                elif answer == b"cancel":
                    self._on_cancel(job_id)

    def _doubt(self, error: BaseException) -> None:
        """Without a renewal for a whole lease others may have our jobs, unless the server itself is down."""
        if connection.is_down(error):
            self._sure_at = time.monotonic()
        elif time.monotonic() - self._sure_at > self._lease:
            held = self._held()
            if held:
                logger.error("no renewal for a whole lease, stopping all jobs", jobs=len(held))
            for job_id, token in held.items():
                self._on_lost(job_id, token)


def batches(held: Mapping[str, str]) -> list[list[str]]:
    """Job id and token in turn, as the scripts take them, in calls of a bounded size."""
    flat = [part for pair in held.items() for part in pair]
    size = 2 * keys.BATCH_JOBS
    return [flat[i : i + size] for i in range(0, len(flat), size)]

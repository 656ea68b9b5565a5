"""`Steps`: the worker's call, repeated until it is answered, and never giving one token twice."""

from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from arq.connections import ArqRedis
from redis.exceptions import ConnectionError as LostConnection
from tests.integration.engine.transitions import PROBLEM, Alpha, ScriptedWorker, Transitions, new_job
from tests.servers import RedisServer

from afterwork.engine.server import connection
from afterwork.engine.work.claims import Finish
from afterwork.engine.work.outcome import Done, Retry
from afterwork.engine.work.steps import Ask, Steps


class LosesReplies(ArqRedis):
    """A real connection on which the replies of some calls are lost after the server has done them."""

    losses: int = 0
    after_loss: Callable[[], None] = staticmethod(lambda: None)

    async def execute_command(self, *args: Any, **options: Any) -> Any:  # noqa: ANN401 - redis-py's signature
        reply = await super().execute_command(*args, **options)  # type: ignore[no-untyped-call]
        if self.losses:
            self.losses -= 1
            self.after_loss()
            message = "Connection closed by server."
            raise LostConnection(message)
        return reply


@pytest.fixture
async def redis(engine_server: RedisServer, transitions: Transitions) -> AsyncIterator[LosesReplies]:
    transitions.use_real_clock()
    pool = connection.connect(engine_server.url).connection_pool
    redis = LosesReplies(pool)
    yield redis
    await redis.aclose(close_connection_pool=True)


@pytest.fixture
def steps(redis: LosesReplies) -> Steps:
    return Steps(redis, worker="w", queue="q", lease=60, kinds={"alpha.run": Alpha})


async def test_a_step_whose_replies_are_lost_claims_once(
    redis: LosesReplies, steps: Steps, transitions: Transitions
) -> None:
    # given two due jobs, and a network that loses three replies
    transitions.submit(new_job("a"), new_job("b"))
    await steps.step(Ask([], [], 0, suspect_running=False))
    redis.losses = 3

    # when the worker steps
    reply = await steps.step(Ask([], [], 5, suspect_running=False))

    # then it has both, in their first attempt
    assert [(claim.id, claim.attempt) for claim in reply.claims] == [("a", 1), ("b", 1)]


async def test_a_finish_whose_reply_is_lost_is_written_once(
    redis: LosesReplies, steps: Steps, transitions: Transitions
) -> None:
    transitions.submit(new_job("a"))
    (claim,) = (await steps.step(Ask([], [], 5, suspect_running=False))).claims
    redis.losses = 1

    reply = await steps.step(Ask([Finish(claim, Done(b"1"))], [], 5, suspect_running=False))

    assert reply.verdicts == ["already"]
    assert transitions.record("a")["state"] == "succeeded"


async def test_no_token_is_given_twice_for_one_job(
    redis: LosesReplies, steps: Steps, transitions: Transitions
) -> None:
    # given a step that claims two jobs, of which one is taken from the worker before it hears of them
    transitions.submit(new_job("a"), new_job("b"))
    await steps.step(Ask([], [], 0, suspect_running=False))

    def take_away() -> None:
        token = transitions.record("a")["token"]
        transitions.call("release", "a", token)
        transitions.cancel("a")

    redis.losses, redis.after_loss = 1, take_away
    (first,) = (await steps.step(Ask([], [], 5, suspect_running=False))).claims

    # when it gives the other one back and claims it again
    finish = Finish(first, Retry(0, PROBLEM))
    (second,) = (await steps.step(Ask([finish], [], 5, suspect_running=False))).claims

    # then that is another claim, and a copy of the old finish that arrives late does not end it
    assert (first.id, second.id) == ("b", "b")
    assert second.token != first.token
    late = ScriptedWorker(transitions, "late copy")
    assert late.finish(first, Retry(0, PROBLEM)) == "lost"


async def test_a_draining_worker_without_anything_to_write_does_not_wait_for_redis(
    redis: LosesReplies, steps: Steps
) -> None:
    redis.losses = 1

    reply = await steps.step(Ask([], [], 0, suspect_running=False), lambda: True)

    assert (reply.claims, reply.next_due) == ([], None)


async def test_a_draining_worker_waits_until_its_finishes_are_written(
    redis: LosesReplies, steps: Steps, transitions: Transitions
) -> None:
    transitions.submit(new_job("a"))
    (claim,) = (await steps.step(Ask([], [], 5, suspect_running=False))).claims
    redis.losses = 2

    await steps.step(Ask([Finish(claim, Done(b"1"))], [], 0, suspect_running=False), lambda: True)

    assert redis.losses == 0
    assert transitions.record("a")["state"] == "succeeded"

"""`Steps`: the worker's call, repeated until it is answered, and never giving one token twice."""

from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from redis.asyncio.connection import AbstractConnection
from redis.exceptions import ConnectionError as LostConnection
from tests.integration.engine.transitions import PROBLEM, Alpha, ScriptedWorker, Transitions, new_job
from tests.servers import RedisServer

from afterwork.engine.server import connection
from afterwork.engine.work.claims import Finish
from afterwork.engine.work.outcome import Done, Retry
from afterwork.engine.work.steps import Ask, Steps


class Network:
    """Loses the replies of so many script calls, after the server has done them. after_loss: called each time."""

    losses: int = 0
    after_loss: Callable[[], None] = staticmethod(lambda: None)


def losing(kind: type[AbstractConnection], network: Network) -> type[AbstractConnection]:
    """The same sort of connection, through such a network."""

    class Losing(kind):  # type: ignore[misc, valid-type]
        is_script = False

        async def send_command(self, *args: Any, **options: Any) -> None:  # noqa: ANN401 - redis-py's signature
            self.is_script = args[0] == "EVALSHA"
            await super().send_command(*args, **options)

        async def read_response(self, *args: Any, **options: Any) -> Any:  # noqa: ANN401 - as above
            reply = await super().read_response(*args, **options)
            if self.is_script and network.losses:
                network.losses -= 1
                network.after_loss()
                message = "Connection closed by server."
                raise LostConnection(message)
            return reply

    return Losing


@pytest.fixture
def network() -> Network:
    return Network()


@pytest.fixture
async def steps(
    engine_server: RedisServer, transitions: Transitions, network: Network
) -> AsyncIterator[Steps]:
    transitions.use_real_clock()
    redis = connection.connect(engine_server.url)
    pool = redis.connection_pool
    pool.connection_class = losing(pool.connection_class, network)
    steps = Steps(redis, worker="w", queue="q", lease=60, kinds={"alpha.run": Alpha})
    yield steps
    await steps.close()
    await connection.close(redis)


async def test_a_step_whose_replies_are_lost_claims_once(
    network: Network, steps: Steps, transitions: Transitions
) -> None:
    # given two due jobs, and a network that loses three replies
    transitions.submit(new_job("a"), new_job("b"))
    await steps.step(Ask([], [], 0, suspect_running=False))
    network.losses = 3

    # when the worker steps
    reply = await steps.step(Ask([], [], 5, suspect_running=False))

    # then it has both, in their first attempt
    assert [(claim.id, claim.attempt) for claim in reply.claims] == [("a", 1), ("b", 1)]


async def test_a_finish_whose_reply_is_lost_is_written_once(
    network: Network, steps: Steps, transitions: Transitions
) -> None:
    transitions.submit(new_job("a"))
    (claim,) = (await steps.step(Ask([], [], 5, suspect_running=False))).claims
    network.losses = 1

    reply = await steps.step(Ask([Finish(claim, Done(b"1"))], [], 5, suspect_running=False))

    assert reply.verdicts == ["already"]
    assert transitions.record("a")["state"] == "succeeded"


async def test_no_token_is_given_twice_for_one_job(
    network: Network, steps: Steps, transitions: Transitions
) -> None:
    # given a step that claims two jobs, of which one is taken from the worker before it hears of them
    transitions.submit(new_job("a"), new_job("b"))
    await steps.step(Ask([], [], 0, suspect_running=False))

    def take_away() -> None:
        token = transitions.record("a")["token"]
        transitions.call("release", "a", token)
        transitions.cancel("a")

    network.losses, network.after_loss = 1, take_away
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
    network: Network, steps: Steps
) -> None:
    network.losses = 1

    reply = await steps.step(Ask([], [], 0, suspect_running=False), is_over=lambda: True)

    assert (reply.claims, reply.next_due) == ([], None)


async def test_a_draining_worker_waits_until_its_finishes_are_written(
    network: Network, steps: Steps, transitions: Transitions
) -> None:
    transitions.submit(new_job("a"))
    (claim,) = (await steps.step(Ask([], [], 5, suspect_running=False))).claims
    network.losses = 2

    await steps.step(Ask([Finish(claim, Done(b"1"))], [], 0, suspect_running=False), is_over=lambda: True)

    assert network.losses == 0
    assert transitions.record("a")["state"] == "succeeded"

"""`Steps`: the worker's call, repeated until it is answered, and never giving one token twice."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
from redis.asyncio.connection import AbstractConnection
from redis.exceptions import ConnectionError as LostConnection
from tests.integration.engine.transitions import PROBLEM, Alpha, ScriptedWorker, Transitions, new_job
from tests.servers import RedisServer

from afterwork.engine.server import connection
from afterwork.engine.work.claims import Finish
from afterwork.engine.work.outcome import Done, Retry
from afterwork.engine.work.pump import Pump
from afterwork.engine.work.rescue import Rescue
from afterwork.engine.work.steps import Ask, Reply, Steps


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


def step(steps: Steps, ask: Ask, is_over: Callable[[], bool] = lambda: False) -> Awaitable[Reply]:
    """One step, begun at once."""
    return steps.answer(steps.begin(ask), is_over=is_over)


async def test_a_step_whose_replies_are_lost_claims_once(
    network: Network, steps: Steps, transitions: Transitions
) -> None:
    # given two due jobs, and a network that loses three replies
    transitions.submit(new_job("a"), new_job("b"))
    await step(steps, Ask([], [], 0, suspect_running=False))
    network.losses = 3

    # when the worker steps
    reply = await step(steps, Ask([], [], 5, suspect_running=False))

    # then it has both, in their first attempt
    assert [(claim.id, claim.attempt) for claim in reply.claims] == [("a", 1), ("b", 1)]


async def test_two_steps_under_way_whose_replies_are_lost_have_each_their_own_claims(
    network: Network, steps: Steps, transitions: Transitions
) -> None:
    transitions.submit(*(new_job(name) for name in "abcde"))
    await step(steps, Ask([], [], 0, suspect_running=False))
    network.losses = 3

    asks = [Ask([], [], 2, suspect_running=False), Ask([], [], 2, suspect_running=True)]
    replies = await asyncio.gather(*(step(steps, ask) for ask in asks))
    after = await step(steps, Ask([], [], 2, suspect_running=False))

    assert sorted(claim.id for reply in replies for claim in reply.claims) == ["a", "b", "c", "d"]
    assert [(claim.id, claim.attempt) for claim in after.claims] == [("e", 1)]
    assert network.losses == 0


async def test_what_a_worker_has_not_read_yet_can_be_asked_for_by_another_thread(
    network: Network, steps: Steps, transitions: Transitions, engine_server: RedisServer
) -> None:
    # given two steps that have claimed, and whose answers nobody has read when the loop is held up
    transitions.submit(*(new_job(name) for name in "abcd"))
    await step(steps, Ask([], [], 0, suspect_running=False))
    held: dict[str, str] = {}
    pump = Pump(steps, concurrency=4, hold=lambda _: None, start=lambda _: None, on_verdict=lambda *_: None)
    keeper = connection.connect_sync(engine_server.url, timeout=30)
    rescue = Rescue(keeper, steps, pump, held)
    network.losses, network.after_loss = 1, rescue.keep_unread_claims

    # when the thread that keeps the leases asks for them
    asks = [Ask([], [], 2, suspect_running=False), Ask([], [], 2, suspect_running=True)]
    replies = await asyncio.gather(*(step(steps, ask) for ask in asks))

    # then it has the same claims as those who read them later
    keeper.close()
    claims = {claim.id: claim.token for reply in replies for claim in reply.claims}
    assert held == claims
    assert sorted(held) == ["a", "b", "c", "d"]


async def test_a_finish_whose_reply_is_lost_is_written_once(
    network: Network, steps: Steps, transitions: Transitions
) -> None:
    transitions.submit(new_job("a"))
    (claim,) = (await step(steps, Ask([], [], 5, suspect_running=False))).claims
    network.losses = 1

    reply = await step(steps, Ask([Finish(claim, Done(b"1"))], [], 5, suspect_running=False))

    assert reply.verdicts == ["already"]
    assert transitions.record("a")["state"] == "succeeded"


async def test_no_token_is_given_twice_for_one_job(
    network: Network, steps: Steps, transitions: Transitions
) -> None:
    # given a step that claims two jobs, of which one is taken from the worker before it hears of them
    transitions.submit(new_job("a"), new_job("b"))
    await step(steps, Ask([], [], 0, suspect_running=False))

    def take_away() -> None:
        token = transitions.record("a")["token"]
        transitions.call("release", "a", token)
        transitions.cancel("a")

    network.losses, network.after_loss = 1, take_away
    (first,) = (await step(steps, Ask([], [], 5, suspect_running=False))).claims

    # when it gives the other one back and claims it again
    finish = Finish(first, Retry(0, PROBLEM))
    (second,) = (await step(steps, Ask([finish], [], 5, suspect_running=False))).claims

    # then that is another claim, and a copy of the old finish that arrives late does not end it
    assert (first.id, second.id) == ("b", "b")
    assert second.token != first.token
    late = ScriptedWorker(transitions, "late copy")
    assert late.finish(first, Retry(0, PROBLEM)) == "lost"


async def test_a_draining_worker_without_anything_to_write_does_not_wait_for_redis(
    network: Network, steps: Steps
) -> None:
    network.losses = 1

    reply = await step(steps, Ask([], [], 0, suspect_running=False), is_over=lambda: True)

    assert (reply.claims, reply.next_due) == ([], None)


async def test_a_draining_worker_waits_until_its_finishes_are_written(
    network: Network, steps: Steps, transitions: Transitions
) -> None:
    transitions.submit(new_job("a"))
    (claim,) = (await step(steps, Ask([], [], 5, suspect_running=False))).claims
    network.losses = 2

    await step(steps, Ask([Finish(claim, Done(b"1"))], [], 0, suspect_running=False), is_over=lambda: True)

    assert network.losses == 0
    assert transitions.record("a")["state"] == "succeeded"

"""Pauses and limits, decided inside `step.lua`: never exceeded, and in nobody's way."""

from collections.abc import Sequence

import pytest
from tests.integration.engine.transitions import Alpha, Beta, ScriptedWorker, Transitions, new_job

from afterwork.contracts import KindLimits
from afterwork.engine import JobClient, keys
from afterwork.engine.jobs.records import queues_from
from afterwork.engine.work.claims import Finish
from afterwork.engine.work.outcome import Done
from afterwork.errors import NotFound

ALPHA, BETA = Alpha.meta.kind, Beta.meta.kind
DONE = Done(b"null")


def fill(transitions: Transitions, count: int) -> None:
    """So many Alphas, before a Beta."""
    for first in range(0, count, 50):
        transitions.submit(*(new_job(f"a{i:03}") for i in range(first, min(first + 50, count))))
    transitions.advance(1)
    transitions.submit(new_job("b", Beta()))


def most_within(times: Sequence[int], window: int) -> int:
    """The most times that any window of so many ms holds, both ends included."""
    return max(sum(begin <= at <= begin + window for at in times) for begin in times)


# ------------------------------------------------------------------------------------------------ pauses


def test_a_paused_queue_starts_nothing_and_what_runs_goes_on(transitions: Transitions) -> None:
    worker = ScriptedWorker(transitions)
    fill(transitions, 2)
    (running,) = worker.claim(1)

    assert transitions.pause("q") == transitions.pause("q") == "done"

    assert worker.renew(running) == ["ok"]
    assert worker.finish(running, DONE) == "ok"
    reply = worker.step(5)
    assert (reply.ids, reply.next_due) == ([], -1), "an idle worker does not look again at once"
    assert transitions.pause("q", paused=False) == "done"
    assert worker.step(5).ids == ["a001", "b"]


@pytest.mark.parametrize("suspects", [False, True])
def test_a_paused_kind_hides_no_other_however_many_wait(transitions: Transitions, *, suspects: bool) -> None:
    # given more due Alphas, or suspects of them, than one call looks at
    fill(transitions, 150)
    if suspects:
        for _ in range(keys.MAX_DEATHS - 1):
            for _ in range(3):
                ScriptedWorker(transitions, "doomed", kinds=[Alpha]).claim(50)
                transitions.redis.delete(keys.STEP + "doomed:1")
            assert transitions.mourn("q", "doomed") == 150
        assert transitions.redis.zcard(keys.SUSPECTS + "q") == 150
        transitions.submit(new_job("bs", Beta(), delay=1))
        doomed = ScriptedWorker(transitions, "doomed too", kinds=[Beta])
        transitions.advance(1000)
        for _ in range(keys.MAX_DEATHS - 1):
            doomed.claim()
            transitions.mourn("q", "doomed too")
        assert transitions.redis.zcard(keys.SUSPECTS + "q") == 152

    transitions.pause("q", ALPHA)

    claims = ScriptedWorker(transitions).claim(5)
    assert {claim.kind for claim in claims} == {BETA}
    assert any(claim.is_suspect for claim in claims) == suspects


def test_a_resume_wakes_an_idle_worker(transitions: Transitions) -> None:
    fill(transitions, 1)
    transitions.pause("q")
    transitions.redis.delete(keys.WAKE + "q")

    transitions.pause("q", paused=False)

    assert transitions.redis.llen(keys.WAKE + "q") == 1


def test_a_queue_and_its_kinds_are_paused_each_for_itself(transitions: Transitions) -> None:
    fill(transitions, 1)
    transitions.pause("q")
    transitions.pause("q", ALPHA)

    transitions.pause("q", paused=False)

    (queue,) = queues_from(transitions.call("queues"))
    assert (queue.paused, [kind.paused for kind in queue.kinds]) == (False, [True, False])
    assert ScriptedWorker(transitions).step(5).ids == ["b"]


# ------------------------------------------------------------------------------------------------ max_running


def test_no_more_run_than_may_whoever_claims_and_other_kinds_go_on(transitions: Transitions) -> None:
    # given
    fill(transitions, 100)
    transitions.limit("q", ALPHA, KindLimits(max_running=3))
    first, second = ScriptedWorker(transitions, "1"), ScriptedWorker(transitions, "2")

    # when
    claims = first.claim(2)
    reply = second.step(10)

    # then
    assert [claim.id for claim in claims] == ["a000", "a001"]
    assert reply.ids == ["a002", "b"]
    assert reply.next_due > 0, "nothing can start before something ends"
    assert first.step(10).ids == []


def test_what_ends_makes_room_in_the_same_call(transitions: Transitions) -> None:
    fill(transitions, 5)
    transitions.limit("q", ALPHA, KindLimits(max_running=1))
    worker = ScriptedWorker(transitions)
    alpha, _ = worker.claim(5)

    reply = worker.step(5, [Finish(alpha, DONE)])

    assert reply.ids == ["a001"]


@pytest.mark.parametrize("way", ["finish", "release", "lease", "presence", "cancel"])
def test_room_that_a_busy_or_dead_worker_leaves_wakes_an_idle_one(transitions: Transitions, way: str) -> None:
    # given one that runs, one that waits, and nobody awake
    fill(transitions, 2)
    transitions.limit("q", ALPHA, KindLimits(max_running=1))
    worker = ScriptedWorker(transitions, lease=1000)
    alpha, _ = worker.claim(5)
    if way == "cancel":
        transitions.cancel(alpha.id)
    transitions.redis.delete(keys.WAKE + "q")

    # when its worker has no slot for more
    match way:
        case "finish":
            worker.step(0, [Finish(alpha, DONE)])
        case "release" | "cancel":
            worker.release(alpha)
        case "lease":
            transitions.advance(1001)
            transitions.reap()
        case "presence":
            transitions.mourn("q", worker.name)

    # then
    assert transitions.redis.llen(keys.WAKE + "q") == 1
    assert len(ScriptedWorker(transitions, "other", kinds=[Alpha]).claim(5)) == 1


# ------------------------------------------------------------------------------------------------ max_per_second


@pytest.mark.parametrize(
    ("rate", "count", "window"), [(3, 3, 1000), (1, 1, 1000), (0.4, 1, 2500), (50, 50, 1000)]
)
@pytest.mark.parametrize("pace", [1, 37, 250, 999, 1000, 1001])
def test_no_window_ever_holds_more_claims_than_the_rate(
    transitions: Transitions, rate: float, count: int, window: int, pace: int
) -> None:
    # given
    fill(transitions, 150)
    transitions.limit("q", ALPHA, KindLimits(max_per_second=rate))
    workers = [ScriptedWorker(transitions, name, lease=3_600_000) for name in "12"]
    times: list[int] = []
    begin = transitions.now

    # when both ask at this pace, for seven windows, or until nothing is left
    for turn in range(min(7 * window // pace, 400)):
        claims = workers[turn % 2].claim(64)
        times += [transitions.now] * sum(claim.kind == ALPHA for claim in claims)
        transitions.advance(pace)

    # then
    assert most_within(times, window) == min(count, 150)
    windows = (transitions.now - begin) // (window + max(pace, 1) + 1)
    assert len(times) >= min(150, windows * count), "as fast as it may"
    assert transitions.redis.llen(f"{keys.CLAIMED}q:{ALPHA}") <= window + 3


def test_a_step_tells_when_the_rate_lets_the_next_one_start(transitions: Transitions) -> None:
    fill(transitions, 5)
    transitions.limit("q", ALPHA, KindLimits(max_per_second=2))
    worker = ScriptedWorker(transitions)
    assert worker.claim(1)
    transitions.advance(400)

    reply = worker.step(5)

    assert (reply.ids, reply.next_due) == (["a001", "b"], 601)
    transitions.advance(600)
    assert worker.step(5).next_due == 1
    transitions.advance(1)
    assert worker.step(5).ids == ["a002"]


def test_a_claim_that_is_handed_out_again_counts_once(transitions: Transitions) -> None:
    fill(transitions, 5)
    transitions.limit("q", ALPHA, KindLimits(max_per_second=2))
    worker = ScriptedWorker(transitions, kinds=[Alpha])
    assert worker.step(1).ids == worker.repeat().ids == ["a000"]

    assert worker.step(5).ids == ["a001"]


def test_a_clock_that_is_set_back_or_forward_lets_no_more_start(transitions: Transitions) -> None:
    fill(transitions, 9)
    transitions.limit("q", ALPHA, KindLimits(max_per_second=2))
    worker = ScriptedWorker(transitions, kinds=[Alpha], lease=3_600_000)
    assert len(worker.claim()) == 2

    transitions.advance(-3_600_000)
    assert worker.claim() == []
    transitions.advance(500)
    assert worker.claim() == []
    transitions.advance(2000)
    assert len(worker.claim()) == 2


# ------------------------------------------------------------------------------------------------ who says so


def test_the_contract_declares_limits_and_the_operator_has_the_last_word(transitions: Transitions) -> None:
    def limits() -> tuple[KindLimits, str]:
        (queue,) = queues_from(transitions.call("queues"))
        return queue.kinds[0].limits, queue.kinds[0].limits_from

    declared, chosen, none = KindLimits(max_running=4), KindLimits(max_per_second=0.2), KindLimits()
    transitions.call("declare", "q", ALPHA, "4 -")
    assert limits() == (declared, "contract")
    for order in (chosen, none):
        assert transitions.limit("q", ALPHA, order) == "done"
        assert limits() == (order, "operator")
        transitions.call("declare", "q", ALPHA, "4 -")
        assert limits() == (order, "operator"), "a restart changes nothing"

    assert transitions.limit("q", ALPHA, None) == transitions.limit("q", ALPHA, None) == "done"
    assert limits() == (declared, "contract")
    transitions.call("declare", "q", ALPHA, "")
    assert limits() == (none, "contract")
    assert not transitions.redis.exists(keys.LIMITS + "q")


async def test_what_nobody_knows_is_not_found(client: JobClient) -> None:
    with pytest.raises(NotFound, match="queue q"):
        await client.pause("q")
    await client.declare("q", [Alpha.meta])
    with pytest.raises(NotFound, match=r"kind beta\.run"):
        await client.limit("q", BETA, KindLimits())

    queue = await client.pause("q", ALPHA)

    assert (queue.waiting, queue.paused, queue.kinds[0].paused) == (0, False, True)
    assert not (await client.resume("q", ALPHA)).kinds[0].paused

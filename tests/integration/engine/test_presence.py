"""presence.lua and mourn.lua: what is taken back of a worker that is gone, and when nothing is."""

from collections.abc import Iterator
from contextlib import contextmanager

from tests.integration.engine.transitions import ScriptedWorker, Transitions, new_job
from tests.servers import RedisServer

from afterwork.engine import keys

HOUR = 3_600_000


@contextmanager
def subscribed(server: RedisServer, worker: str) -> Iterator[None]:
    """Somebody listens on the worker's channel."""
    with server.client() as client, client.pubsub() as channel:
        channel.subscribe(keys.CONTROL + worker)
        assert channel.get_message(timeout=10)
        yield


def roll(transitions: Transitions, own: str = "") -> tuple[str, dict[str, int]]:
    """The reply of `presence.lua`."""
    run, *pairs = transitions.call("presence", own)
    names = [name.decode() for name in pairs[::2]]
    return run.decode(), dict(zip(names, pairs[1::2], strict=True))


def test_all_running_jobs_of_one_that_is_gone_go_back_and_nobody_elses(transitions: Transitions) -> None:
    # given two workers with more jobs than one call takes back
    gone, there = ScriptedWorker(transitions, "gone"), ScriptedWorker(transitions, "there")
    for first in range(0, 300, 60):
        transitions.submit(*(new_job(f"{i:03}") for i in range(first, first + 60)))
        assert gone.claim(50)
        assert there.claim(10)

    assert transitions.mourn("q", "gone") == 250
    assert transitions.mourn("q", "gone") == 0

    records = [transitions.record(f"{i:03}") for i in range(300)]
    assert {record["worker"] for record in records if record["state"] == "running"} == {"there"}
    assert [record["deaths"] for record in records].count("1") == 250
    assert transitions.ledger()["imbalance"] == 0


def test_nothing_is_taken_from_one_who_is_there_after_all(
    transitions: Transitions, engine_server: RedisServer
) -> None:
    transitions.submit(new_job("a"))
    ScriptedWorker(transitions, "w").claim()

    with subscribed(engine_server, "w"):
        assert transitions.mourn("q", "w") == 0

    assert transitions.mourn("q", "w") == 1


def test_what_was_seen_on_another_run_of_the_server_does_not_count(transitions: Transitions) -> None:
    transitions.submit(new_job("a"))
    ScriptedWorker(transitions, "w").claim()

    assert transitions.mourn("q", "w", run="0" * 40) == 0
    assert transitions.record("a")["state"] == "running"


def test_after_an_outage_everyone_may_renew_first(transitions: Transitions) -> None:
    # given a worker whose Redis was away for longer than its lease
    transitions.submit(new_job("a"))
    worker = ScriptedWorker(transitions, "w", lease=1000)
    (claim,) = worker.claim()
    transitions.advance(5000, is_heard=False)

    # then it is not missed at once
    assert transitions.mourn("q", "w", lease=1000) == 0
    assert worker.renew(claim) == ["ok"]


def test_the_roll_has_who_asked_within_the_hour_and_how_often_each_is_subscribed(
    transitions: Transitions, engine_server: RedisServer
) -> None:
    roll(transitions, "q old")
    transitions.advance(HOUR - 1000)
    roll(transitions, "q w")
    with subscribed(engine_server, "w"):
        run, workers = roll(transitions)
    transitions.advance(1001)

    assert run == transitions.redis.info("server")["run_id"]
    assert workers == {"q old": 0, "q w": 1}
    assert roll(transitions)[1] == {"q w": 0}


def test_who_was_mourned_is_off_the_roll(transitions: Transitions) -> None:
    roll(transitions, "q w")

    transitions.mourn("q", "w")

    assert roll(transitions)[1] == {}

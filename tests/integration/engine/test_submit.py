"""submit.lua: a job is stored whole or not at all, once, whatever its neighbours are."""

from datetime import UTC, datetime

import pytest
from tests.integration.engine.transitions import START, Alpha, Beta, ScriptedWorker, Transitions, new_job

from afterwork.engine import keys
from afterwork.engine.jobs.submission import IdempotencyKey
from afterwork.engine.work.outcome import Done


def idempotency(key: str = "key", body: bytes = b"body") -> IdempotencyKey:
    return IdempotencyKey(key, body)


def test_a_stored_job_has_record_payload_lane_index_and_a_place_in_the_books(
    transitions: Transitions,
) -> None:
    # when a job is submitted
    (verdict,) = transitions.submit(new_job("a", Alpha(text="hi"), priority="high"))

    # then all of it is there
    redis = transitions.redis
    assert (verdict.name, verdict.id, verdict.created, verdict.due) == ("stored", "a", START, START)
    record = transitions.record("a")
    assert (record["state"], record["kind"], record["queue"]) == ("waiting", "alpha.run", "q")
    assert (record["attempt"], record["max_attempts"], record["timeout"]) == ("0", "3", "60000")
    assert (record["durability"], record["version"]) == ("fsync", "1")
    assert '"a":[{"queue":"q","text":"hi"}]' in str(redis.get("arq:job:a"))
    assert redis.zrange("aw:lane:q:alpha.run:high", 0, -1, withscores=True) == [("a", START)]
    assert redis.zrange("aw:ix:q:alpha.run:waiting", 0, -1, withscores=True) == [("a", START)]
    assert transitions.ledger() | {"queued": 1, "accepted": 1, "imbalance": 0} == transitions.ledger()


def test_nothing_of_a_waiting_job_expires(transitions: Transitions) -> None:
    transitions.submit(new_job("a"), new_job("later", delay=86_400))

    assert {transitions.redis.ttl(key) for key in transitions.redis.keys("a*:*:*")} == {-1}


def test_a_repeated_id_is_stored_once_and_told_its_first_times(transitions: Transitions) -> None:
    # given a job that waits
    transitions.submit(new_job("a", delay=5))

    # when the client repeats its submit after a lost reply, twice in one call
    transitions.advance(1000)
    verdicts = transitions.submit(new_job("a", delay=5), new_job("a", delay=5))

    # then it is the same job
    assert [(verdict.name, verdict.created, verdict.due) for verdict in verdicts] == [
        ("same", START, START + 5000)
    ] * 2
    assert transitions.ledger()["accepted"] == 1


def test_jobs_that_are_alike_are_each_stored_whole_and_stay_apart(transitions: Transitions) -> None:
    # when one call holds jobs that differ only in their payloads, before and behind another one
    verdicts = transitions.submit(
        new_job("a", Alpha(text="1"), tags=["t"], owner="o"),
        new_job("b", Alpha(text="2"), tags=["t"], owner="o"),
        new_job("c", Alpha(text="3"), delay=5),
        new_job("d", Alpha(text="4"), tags=["t"], owner="o"),
    )

    # then each has all that is its own
    assert [(verdict.name, verdict.id) for verdict in verdicts] == [("stored", job_id) for job_id in "abcd"]
    record = transitions.record("a")
    assert record == transitions.record("b") == transitions.record("d")
    assert (record["tags"], record["owner"], record["due"]) == ("t", "o", str(START))
    assert (transitions.record("c")["first"], transitions.record("c")["due"]) == (
        "scheduled",
        str(START + 5000),
    )
    assert transitions.redis.zrange(keys.TAG + "t", 0, -1) == ["a", "b", "d"]
    for job_id, text in zip("abcd", "1234", strict=True):
        assert f'"text":"{text}"' in str(transitions.redis.get(keys.PAYLOAD + job_id))
    assert transitions.ledger()["accepted"] == 4

    # and what becomes of one does not touch the others
    transitions.cancel("a")
    assert transitions.record("b") == transitions.record("d") == record


def test_a_refused_neighbour_does_not_matter(transitions: Transitions) -> None:
    # given a job that holds a unique key, and one under an idempotency key
    transitions.submit(new_job("a", unique_key="u"), new_job("b", idempotency=idempotency()))

    # when a batch holds good and bad items
    verdicts = transitions.submit(
        new_job("c"),
        new_job("d", unique_key="u"),
        new_job("e", idempotency=idempotency(body=b"other")),
        new_job("f"),
    )

    # then each is decided for itself
    assert [verdict.name for verdict in verdicts] == ["stored", "duplicate", "mismatch", "stored"]
    assert transitions.ledger()["accepted"] == 4
    assert transitions.record("d") == transitions.record("e") == {}


@pytest.mark.parametrize(
    ("delay", "run_at", "due"),
    [
        (None, None, START),
        (0, None, START),
        (1.5, None, START + 1500),
        (None, START + 5000, START + 5000),
        (None, START - 5000, START),
        (None, -62_135_596_800_000, START),
    ],
)
def test_a_job_is_due_when_it_was_asked_to_be_by_the_clock_of_redis(
    transitions: Transitions, delay: float | None, run_at: int | None, due: int
) -> None:
    moment = None if run_at is None else datetime.fromtimestamp(run_at / 1000, UTC)

    (verdict,) = transitions.submit(new_job("a", delay=delay, run_at=moment))

    assert verdict.due == due
    assert transitions.redis.zscore("aw:lane:q:alpha.run:normal", "a") == due


def test_a_unique_key_admits_one_live_job_of_its_kind(transitions: Transitions) -> None:
    # given a live job with a unique key
    transitions.submit(new_job("a", unique_key="u"))

    # when jobs of the same and of another kind ask for the same key
    same, other = transitions.submit(new_job("b", unique_key="u"), new_job("c", Beta(), unique_key="u"))

    # then the first is refused with the name of the holder
    assert (same.name, same.id, other.name) == ("duplicate", "a", "stored")


def test_unique_keys_of_two_owners_never_meet(transitions: Transitions) -> None:
    # given a live job of one owner
    transitions.submit(new_job("a", unique_key="u", owner="me"))

    # when others ask for the same key, and the owner again
    verdicts = transitions.submit(
        new_job("b", unique_key="u", owner="you"),
        new_job("c", unique_key="u"),
        new_job("d", unique_key="u", owner="me"),
    )

    # then only the owner's own job stands in the way
    assert [(verdict.name, verdict.id) for verdict in verdicts] == [
        ("stored", "b"),
        ("stored", "c"),
        ("duplicate", "a"),
    ]


def test_the_end_of_a_job_frees_its_owners_key_and_no_other(transitions: Transitions) -> None:
    # given jobs of two owners under one key, of which one ends
    transitions.submit(new_job("a", unique_key="u", owner="me"), new_job("b", unique_key="u", owner="you"))
    transitions.cancel("a")

    # then its owner may submit again, and retrying it is refused by his new job alone
    mine, yours = transitions.submit(
        new_job("c", unique_key="u", owner="me"), new_job("d", unique_key="u", owner="you")
    )
    assert (mine.name, yours.name, yours.id) == ("stored", "duplicate", "b")
    assert transitions.retry("a") == ("duplicate", "c")
    transitions.cancel("c")
    assert transitions.retry("a") == ("retried", "")


def test_a_unique_key_is_free_again_when_its_job_has_ended(transitions: Transitions) -> None:
    # given a job with a unique key that succeeds
    worker = ScriptedWorker(transitions)
    transitions.submit(new_job("a", unique_key="u"))
    (claim,) = worker.claim()
    assert transitions.submit(new_job("b", unique_key="u"))[0].name == "duplicate"
    worker.finish(claim, Done(b"1"))

    # when the next one comes
    (verdict,) = transitions.submit(new_job("c", unique_key="u"))

    # then it is stored
    assert verdict.name == "stored"


def test_an_idempotency_key_gives_the_first_job_for_the_same_body_only(transitions: Transitions) -> None:
    # given a job stored under a key
    transitions.submit(new_job("a", idempotency=idempotency()))

    # when the key comes again
    same, other_body, other_owner, other_key = transitions.submit(
        new_job("b", idempotency=idempotency()),
        new_job("c", idempotency=idempotency(body=b"else")),
        new_job("d", idempotency=idempotency(), owner="you"),
        new_job("e", idempotency=idempotency(key="else")),
    )

    # then the same body gets the same job, another body none; other owners and keys do not meet
    assert (same.name, same.id) == ("same", "a")
    assert (other_body.name, other_body.id) == ("mismatch", "a")
    assert (other_owner.name, other_key.name) == ("stored", "stored")


def test_an_idempotency_key_outlives_the_record_and_ends_after_a_day(transitions: Transitions) -> None:
    # given a job under a key that was cancelled and swept
    transitions.submit(new_job("a", idempotency=idempotency()))
    transitions.cancel("a")
    transitions.advance(keys.KEEP_MS["cancelled"])
    assert transitions.sweep() == 1

    # when the request comes again
    (verdict,) = transitions.submit(new_job("b", idempotency=idempotency()))

    # then it still answers with the first job, and the key has a day from the first request
    assert (verdict.name, verdict.id) == ("same", "a")
    (key,) = transitions.redis.keys("aw:idempotency:*")
    assert 86_000 < transitions.redis.ttl(key) <= 86_400


def test_a_queue_has_at_most_one_wake_up_token(transitions: Transitions) -> None:
    transitions.submit(new_job("a"), new_job("b", Beta()), new_job("c", Alpha(queue="r")))
    transitions.submit(new_job("d"))

    assert transitions.redis.llen("aw:wake:q") == transitions.redis.llen("aw:wake:r") == 1

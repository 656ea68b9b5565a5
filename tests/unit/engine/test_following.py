"""Following: from a result and a job's `then` to jobs that are ready to be stored, or to fail where it can be seen."""

import json
from itertools import count
from typing import Annotated, Any, cast

import pytest
from pydantic import AfterValidator, JsonValue
from structlog.testing import capture_logs

from afterwork.contracts import Contract, FollowUp, JobOptions
from afterwork.contracts.notifier import SendNotification
from afterwork.contracts.probe import ProbeRun
from afterwork.engine.codec import decode_payload, payload_of
from afterwork.engine.jobs.follow_ups import Planned, encode_planned, encode_then, planned_in
from afterwork.engine.work import following as module
from afterwork.engine.work.following import Follower, Following


def _explode(text: str) -> str:
    if text == "bomb":
        raise RuntimeError("the validator itself is broken")
    return text


class Echo(Contract, kind="test.echo", queue="echoes", max_attempts=3, timeout=10):
    """Says its text."""

    text: Annotated[str, AfterValidator(_explode)] = ""
    number: int | None = None


def followers(*then: FollowUp | Planned, result: object = None) -> list[Follower]:
    numbers = count(1)
    following = Following("own", {"test.echo": Echo}, lambda: f"f-{next(numbers)}")
    planned = [Planned.of(one, {}) if isinstance(one, FollowUp) else one for one in then]
    return [*following.of("parent", json.dumps(result).encode(), encode_planned(planned))]


def echo(payload: dict[str, JsonValue] | None = None, **options: Any) -> FollowUp:  # noqa: ANN401 - any options
    return FollowUp(kind="test.echo", payload=payload or {}, options=JobOptions(**options))


def problem_of(follower: Follower) -> tuple[str, str]:
    problem = json.loads(follower.problem)
    return problem["type"].removeprefix("/problems/"), problem["detail"]


def test_a_payload_is_filled_in_and_becomes_its_contract() -> None:
    (follower,) = followers(echo({"text": "of {job.id}", "number": "{result.n}"}), result={"n": 7})

    assert decode_payload(Echo, follower.payload) == Echo(text="of parent", number=7)
    assert (follower.id, follower.queue, follower.problem) == ("f-1", "echoes", b"")
    assert (follower.max_attempts, follower.timeout) == (3, 10)


def test_options_go_before_what_the_contract_says() -> None:
    (follower,) = followers(echo(max_attempts=9, timeout=0.5, unique_key="u", delay=2))

    assert follower.wire()[4:9] == ["delay", 2000, 9, 500, "u"]


def test_what_follows_a_follow_up_is_handed_on_as_it_is() -> None:
    inner = echo({"text": "{result.theirs}"}, tags=["x"], delay=1)

    (follower,) = followers(echo(then=[inner, echo()]), result={"theirs": "not this one's"})

    first, second = planned_in(follower.then)
    assert follower.then_kinds == "test.echo\ntest.echo"
    assert first == Planned.of(inner, {})
    assert second == Planned.of(echo(), {})


def test_a_contract_that_is_installed_is_known_as_well() -> None:
    (follower,) = followers(FollowUp(kind="probe.run", payload={"queue": "elsewhere"}))

    assert (follower.queue, follower.max_attempts, follower.timeout) == ("elsewhere", 5, 300)


def test_a_kind_that_only_the_gateway_knew_is_handed_on_by_what_it_knew() -> None:
    planned = Planned(kind="their.kind", payload={"n": "{result}"}, queue="theirs", max_attempts=2, timeout=5)

    (follower,) = followers(planned, result=[1, {}])

    assert payload_of(follower.payload) == {"n": [1, {}]}
    assert (follower.queue, follower.max_attempts, follower.timeout, follower.problem) == (
        "theirs",
        2,
        5,
        b"",
    )


def test_what_is_kept_of_a_submission_says_how_the_kind_is_to_be_run() -> None:
    then = [FollowUp(kind="notification.send", payload={"a": 1}, options=JobOptions(then=[echo()], delay=1))]

    (planned,) = planned_in(encode_then(then))

    assert isinstance(planned, Planned)
    meta = SendNotification.meta
    assert (planned.queue, planned.max_attempts, planned.timeout) == (
        meta.queue,
        meta.max_attempts,
        meta.timeout,
    )
    assert (planned.options, planned.payload) == (JobOptions(delay=1), {"a": 1})
    assert planned.then == (Planned(kind="test.echo", payload={}),)
    assert encode_then([]) == b""


@pytest.mark.parametrize(
    ("follow_up", "detail", "payload"),
    [
        (echo({"text": "{result.colour}"}), "{result.colour}: result has no 'colour'", None),
        (echo({"text": "{result}"}), "/text: Input should be a valid string", {"text": {}}),
        (echo({"text": "bomb"}), "RuntimeError: the validator itself is broken", None),
        (FollowUp(kind="no.such", payload={"a": 1}), "no contract of this kind is known here", {"a": 1}),
        (
            FollowUp(kind="probe.run", payload={"queue": "q", "seconds": "x"}),
            "seconds",
            {"queue": "q", "seconds": "x"},
        ),
        (FollowUp(kind="probe.run", payload={"queue": 1}), "queue", {"queue": 1}),
    ],
)
def test_one_that_cannot_be_run_fails_at_once_and_says_why(
    follow_up: FollowUp, detail: str, payload: JsonValue
) -> None:
    with capture_logs() as logs:
        broken, good = followers(follow_up, echo(), result={})

    assert problem_of(broken)[0] == "payload-invalid"
    assert detail in problem_of(broken)[1]
    assert (payload_of(broken.payload) if broken.payload else None) == payload
    assert good.problem == b""
    assert {"log_level": "warning", "follower": "f-1", "job_id": "parent"}.items() <= logs[-1].items()


def test_what_does_not_fit_is_told_by_its_place_and_without_its_values() -> None:
    payload: dict[str, JsonValue] = {"text": ["S3CRET"], "number": "S3CRET", "colour": "S3CRET"}

    (broken,) = followers(echo(payload))

    assert problem_of(broken) == ("payload-invalid", "/text: Input should be a valid string (and 2 more)")


def test_one_that_fails_at_once_stays_in_a_queue_that_is_worked() -> None:
    typed, untyped, odd = followers(
        echo({"text": "{result.x}"}),
        FollowUp(kind="no.such", payload={}),
        FollowUp(kind="probe.run", payload={"queue": 1}),
    )

    assert (typed.queue, untyped.queue, odd.queue) == ("echoes", "own", "own")


def test_one_that_fails_at_once_takes_no_unique_key() -> None:
    (broken,) = followers(echo({"text": "{result.x}"}, unique_key="u"))

    assert broken.wire()[8] == ""


def test_options_that_a_newer_gateway_wrote_make_that_one_fail() -> None:
    items = [
        {"kind": "test.echo", "payload": {}, "options": {"colour": "red"}},
        {"kind": "test.echo", "payload": {}},
    ]

    broken, good = Following("own", {"test.echo": Echo}).of("parent", b"null", json.dumps(items).encode())

    assert problem_of(broken) == ("payload-invalid", "its options are not known to this worker")
    assert good.problem == b""


def test_a_large_result_is_not_multiplied() -> None:
    result = "x" * (module.MAX_FILLED // 4)

    once, twice = followers(echo({"text": "{result}"}), echo({"text": "{result}" * 4}), result=result)
    whole = followers(echo({"text": "{result}"}), result="x" * (module.MAX_FILLED - 2))
    many = followers(*[echo({"text": "{result}"})] * 6, result=result)

    assert (once.problem, problem_of(twice)[0]) == (b"", "payload-invalid")
    assert [bool(one.problem) for one in many] == [False] * 3 + [True] * 3
    assert sum(one.size for one in many) < module.MAX_FILLED + 10_000
    assert [bool(one.problem) for one in whole] == [False]


def test_each_gets_an_id_of_its_own() -> None:
    then = encode_then([FollowUp(kind="probe.run", payload=ProbeRun(queue="q").model_dump(mode="json"))] * 3)

    made = Following().of("parent", b"null", then)

    assert len({follower.id for follower in made}) == 3


def test_very_many_faults_are_counted_only() -> None:
    faults = {f"field-{number}": 1 for number in range(100_000)}

    (broken,) = followers(echo(cast("dict[str, JsonValue]", faults)))

    assert problem_of(broken)[1] == "has 100000 errors, too many to name"

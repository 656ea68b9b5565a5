"""The base of every contract: what a kind may be called, and what its payload may hold."""

from typing import Any

import pytest
from pydantic import ValidationError

from afterwork.contracts import Contract, KindLimits, KindMeta
from afterwork.contracts.base import MAX_TIMEOUT


class Greet(Contract, kind="hello.greet", queue="greeter", max_attempts=3, timeout=30):
    """Says hello."""

    name: str
    weight: float = 0.0


def declare(**meta: Any) -> type[Contract]:  # noqa: ANN401 - whatever an author may write
    return type("Declared", (Contract,), {"__module__": __name__}, **meta)


def test_a_contract_knows_its_kind_and_its_defaults() -> None:
    assert Greet.meta == KindMeta("hello.greet", "greeter", 3, 30.0)
    assert declare(kind="a.b", queue="q").meta == KindMeta("a.b", "q", 5, 300.0)
    assert Greet(name="x").target_queue() == "greeter"


@pytest.mark.parametrize("rate", [1, 10, 100_000, 0.2, 0.9999, 0.0001])
def test_a_contract_may_limit_its_kind(rate: float) -> None:
    limits = declare(kind="a.b", queue="q", max_running=3, max_per_second=rate).meta.limits

    assert limits == KindLimits(max_running=3, max_per_second=float(rate))


@pytest.mark.parametrize("kind", ["a.b", "noun.verb", "a1.b_2.c", "a." + "b" * 98])
def test_a_kind_is_a_dotted_lower_case_name(kind: str) -> None:
    assert declare(kind=kind, queue=None).meta.kind == kind


@pytest.mark.parametrize(
    ("meta", "fault"),
    [
        ({"kind": "greet", "queue": "q"}, "noun.verb"),
        ({"kind": "Hello.greet", "queue": "q"}, "noun.verb"),
        ({"kind": "hello.", "queue": "q"}, "noun.verb"),
        ({"kind": "hello..greet", "queue": "q"}, "noun.verb"),
        ({"kind": "hello.greet\n", "queue": "q"}, "noun.verb"),
        ({"kind": "hello:greet.x", "queue": "q"}, "noun.verb"),
        ({"kind": "a." + "b" * 99, "queue": "q"}, "noun.verb"),
        ({"kind": "a.b", "queue": "Q"}, "lower-case"),
        ({"kind": "a.b", "queue": ""}, "lower-case"),
        ({"kind": "a.b", "queue": "a:b"}, "lower-case"),
        ({"kind": "a.b", "queue": "q", "max_attempts": 0}, "max_attempts"),
        ({"kind": "a.b", "queue": "q", "max_attempts": 1001}, "max_attempts"),
        ({"kind": "a.b", "queue": "q", "max_attempts": 1.5}, "max_attempts"),
        ({"kind": "a.b", "queue": "q", "timeout": 0}, "timeout"),
        ({"kind": "a.b", "queue": "q", "timeout": MAX_TIMEOUT + 1}, "timeout"),
        ({"kind": "a.b", "queue": "q", "timeout": float("nan")}, "timeout"),
        ({"kind": "a.b", "queue": "q", "max_running": 0}, "max_running"),
        ({"kind": "a.b", "queue": "q", "max_running": 1.5}, "max_running"),
        ({"kind": "a.b", "queue": "q", "max_per_second": 0}, "max_per_second"),
        ({"kind": "a.b", "queue": "q", "max_per_second": 2.5}, "max_per_second"),
        ({"kind": "a.b", "queue": "q", "max_per_second": "1"}, "max_per_second"),
        ({"kind": "a.b"}, "queue"),
        ({"queue": "q"}, "kind"),
        ({"kind": "a.b", "queue": "q", "colour": "red"}, "colour"),
    ],
)
def test_a_declaration_that_cannot_be_used_is_refused_at_once(meta: dict[str, Any], fault: str) -> None:
    with pytest.raises(TypeError, match=fault):
        declare(**meta)


def test_a_contract_that_leaves_the_queue_to_its_payload_must_say_which() -> None:
    class Anywhere(Contract, kind="any.where", queue=None):
        """Forgets to say where."""

    with pytest.raises(TypeError, match="Anywhere has queue=None and must override target_queue"):
        Anywhere().target_queue()


@pytest.mark.parametrize(
    "payload",
    [
        {},
        {"name": 5},
        {"name": None},
        {"name": "x", "unknown": 1},
        {"name": "x", "weight": float("nan")},
        {"name": "x", "weight": float("inf")},
    ],
)
def test_a_payload_that_does_not_fit_is_refused(payload: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Greet(**payload)


def test_a_payload_cannot_be_changed() -> None:
    job = Greet(name="x")

    with pytest.raises(ValidationError, match="frozen"):
        job.name = "y"  # type: ignore[misc]

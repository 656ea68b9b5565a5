"""From a body to a contract, for kinds beyond the built-in one."""

import json
from datetime import UTC, datetime
from typing import Literal

import pytest
from pydantic import BaseModel, Field, JsonValue

from afterwork.contracts import Contract, Priority, Service
from afterwork.contracts.probe import ProbeMode, ProbeRun
from afterwork.errors import UnknownKind
from gateway.http.json_body import JsonBody, parse
from gateway.http.problems import InvalidBody
from gateway.jobs.submission import Intake


class Circle(BaseModel):
    shape: Literal["circle"]
    radius: float


class Square(BaseModel):
    shape: Literal["square"]
    side: float


class Draw(Contract, kind="shape.draw", queue="painter"):
    shapes: list[Circle | Square]
    at: datetime | None = None
    names: dict[str, int] = Field(default_factory=dict)


class Lost(Contract, kind="shape.lose", queue="nowhere"):
    """Its queue has no service here."""


KINDS: dict[str, type[Contract]] = {"shape.draw": Draw, "shape.lose": Lost, "probe.run": ProbeRun}
SERVICES = {"painter": Service(name="painter", queue="painter", module="painter")}


@pytest.fixture
def intake() -> Intake:
    return Intake(KINDS, SERVICES, probes="async")


def body(kind: str, payload: JsonValue, options: JsonValue = None) -> JsonBody:
    document = {"kind": kind, "payload": payload} | ({} if options is None else {"options": options})
    raw = json.dumps(document).encode()
    return JsonBody(raw, parse(raw))


def pointers(error: InvalidBody) -> list[str]:
    return [place.pointer for place in error.places]


def test_a_payload_becomes_its_contract(intake: Intake) -> None:
    request = intake.read(
        body("shape.draw", {"shapes": [{"shape": "circle", "radius": 1}], "at": "2030-01-01T00:00:00Z"})
    )

    assert request.payload == Draw(
        shapes=[Circle(shape="circle", radius=1.0)], at=datetime(2030, 1, 1, tzinfo=UTC)
    )


def test_options_are_read_beside_the_payload(intake: Intake) -> None:
    request = intake.read(
        body("shape.draw", {"shapes": []}, {"priority": "low", "delay": 5, "unique_key": "u"})
    )

    assert request.options.priority is Priority.LOW
    assert request.options.delay == 5.0
    assert request.options.unique_key == "u"


def test_a_fault_inside_a_union_is_found_where_it_lies_in_the_body(intake: Intake) -> None:
    shapes: JsonValue = [{"shape": "circle", "radius": 1}, {"shape": "square", "side": "two"}]

    with pytest.raises(InvalidBody) as caught:
        intake.read(body("shape.draw", {"shapes": shapes}))

    assert "/payload/shapes/1/side" in pointers(caught.value)
    assert all(pointer.startswith("/payload/shapes/1") for pointer in pointers(caught.value))


def test_a_fault_in_a_key_is_told_of_its_member(intake: Intake) -> None:
    with pytest.raises(InvalidBody) as caught:
        intake.read(body("shape.draw", {"shapes": [], "names": {"a/b": "x"}}))

    assert pointers(caught.value) == ["/payload/names/a~1b"]


def test_an_unknown_kind_is_told_in_short(intake: Intake) -> None:
    with pytest.raises(UnknownKind) as caught:
        intake.read(body("x" * 100_000, {}))

    assert len(caught.value.detail) < 300


def test_a_kind_whose_queue_nobody_works_is_refused(intake: Intake) -> None:
    with pytest.raises(InvalidBody) as caught:
        intake.read(body("shape.lose", {}))

    assert "painter" in caught.value.detail


def test_every_danger_of_a_probe_is_named(intake: Intake) -> None:
    with pytest.raises(InvalidBody) as caught:
        intake.read(body("probe.run", {"queue": "painter", "mode": "blocking", "fail": "kill"}))

    assert pointers(caught.value) == ["/payload/mode", "/payload/fail"]


def test_dangerous_probes_are_accepted_where_they_are_allowed() -> None:
    intake = Intake(KINDS, SERVICES, probes="all")

    request = intake.read(body("probe.run", {"queue": "painter", "mode": "blocking", "fail": "kill"}))

    assert isinstance(request.payload, ProbeRun)
    assert request.payload.mode is ProbeMode.BLOCKING

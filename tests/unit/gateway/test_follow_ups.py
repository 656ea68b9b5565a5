"""What is wrong with a job's `then` is told when it is submitted, as far as it can be known by then."""

import json
import re
from pathlib import Path
from typing import Annotated, Any, Literal, Self

import pytest
from pydantic import Field, JsonValue, model_validator

from afterwork.contracts import Contract, Service, registry
from afterwork.contracts.archiver import ArchiveResult
from afterwork.contracts.images import ImageDescription
from afterwork.contracts.probe import ProbeRun
from gateway.http.json_body import JsonBody, parse
from gateway.http.problems import InvalidBody
from gateway.jobs.submission import Intake


class Paint(Contract, kind="shape.paint", queue="painter"):
    """Its field `colour` is a text; a large shape needs a colour."""

    object: Annotated[str, Field(pattern="^[a-z]+/.+$")] | dict[str, int]
    size: Annotated[int, Field(ge=1)] = 1
    colour: str = ""
    finish: Literal["matt", "gloss"] = "matt"

    @model_validator(mode="after")
    def _large_ones_have_a_colour(self) -> Self:
        if self.size > 100 and not self.colour:
            raise ValueError("a large shape needs a colour")
        return self


class Lost(Contract, kind="shape.lose", queue="nowhere"):
    """Its queue has no service here."""


KINDS: dict[str, type[Contract]] = {"shape.paint": Paint, "shape.lose": Lost, "probe.run": ProbeRun}
SERVICES = {"painter": Service(name="painter", queue="painter", module="painter")}
FIRST: JsonValue = {"kind": "probe.run", "payload": {"queue": "painter"}}


def body(*then: JsonValue) -> JsonBody:
    document = {"kind": "probe.run", "payload": {"queue": "painter"}, "options": {"then": [*then]}}
    raw = json.dumps(document).encode()
    return JsonBody(raw, parse(raw))


def paint(**payload: Any) -> JsonValue:  # noqa: ANN401 - any fields
    return {"kind": "shape.paint", "payload": {"object": "a/b", **payload}}


def probe(**payload: Any) -> JsonValue:  # noqa: ANN401 - any fields
    return {"kind": "probe.run", "payload": {"queue": "painter", **payload}}


def faults(*then: JsonValue, probes: Literal["async", "all"] = "async") -> dict[str, str]:
    """Pointer → what is wrong there."""
    try:
        Intake(KINDS, SERVICES, probes=probes).read(body(*then))
    except InvalidBody as error:
        return {place.pointer: place.detail for place in error.places}
    return {}


@pytest.mark.parametrize(
    "follow_up",
    [
        paint(),
        paint(object="{result.object}"),
        paint(object={"n": "{result.n}"}, size="{result.size}"),
        paint(object="a/{result}"),
        paint(finish="{result.finish}"),
        paint(size=101, colour="{result.colour}"),
        paint(size="{result.size}"),
        paint(colour="{{braces}}"),
        paint(object="a/{{b}}"),
        probe(seconds="{result.seconds}"),
    ],
)
def test_what_may_come_out_well_is_accepted(follow_up: JsonValue) -> None:
    assert faults(follow_up) == {}


@pytest.mark.parametrize(
    ("follow_up", "pointer", "detail"),
    [
        ({"kind": "no.such", "payload": {}}, "/kind", "there is no kind 'no.such'"),
        ({"kind": "shape.paint", "payload": {}}, "/payload/object", "is missing"),
        ({"kind": "shape.paint", "payload": {"size": "{result}"}}, "/payload/object", "is missing"),
        (paint(object="{reslut.a}"), "/payload/object", "is no placeholder"),
        (paint(colour={"a/b": ["{"]}), "/payload/colour/a~1b/0", "is no placeholder"),
        (paint(size="1"), "/payload/size", "valid integer"),
        (paint(size="1", colour="{result}"), "/payload/size", "valid integer"),
        (paint(color="{result}"), "/payload/color", "Extra inputs"),
        (paint(finish="{{result}}"), "/payload/finish", "'matt' or 'gloss'"),
        (paint(size=101), "/payload", "a large shape needs a colour"),
        ({"kind": "shape.lose", "payload": {}}, "/payload/queue", "there is no queue 'nowhere'"),
        (probe(queue="nowhere"), "/payload/queue", "there is no queue 'nowhere'"),
        (probe(queue="nowhere", seconds="{result}"), "/payload/queue", "there is no queue 'nowhere'"),
        (probe(queue="{result}"), "/payload/queue", "without placeholders"),
        (probe(mode="blocking"), "/payload/mode", "is refused here"),
        (probe(mode="blocking", seconds="{result}"), "/payload/mode", "is refused here"),
        (probe(mode="{result}"), "/payload/mode", "without placeholders"),
        (probe(fail="kill"), "/payload/fail", "is refused here"),
        (probe(fail="{result.fail}"), "/payload/fail", "without placeholders"),
    ],
)
def test_what_cannot_come_out_well_is_refused_where_it_stands(
    follow_up: JsonValue, pointer: str, detail: str
) -> None:
    (found,) = [faults(follow_up).get(f"/options/then/0{pointer}", "not told")]

    assert detail in found


def test_a_follow_up_of_a_follow_up_is_looked_at_too() -> None:
    outer: JsonValue = {**FIRST, "options": {"then": [FIRST, probe(mode="blocking")]}}  # type: ignore[dict-item]

    assert list(faults(FIRST, outer)) == ["/options/then/1/options/then/1/payload/mode"]


def test_dangerous_probes_may_follow_where_they_are_allowed() -> None:
    assert faults(probe(mode="blocking", fail="{result.fail}"), probes="all") == {}
    assert "/options/then/0/payload/queue" in faults(probe(queue="{result}"), probes="all")


def test_too_many_and_too_long_rows_of_jobs_are_refused() -> None:
    row: JsonValue = FIRST
    for _ in range(5):
        row = {**FIRST, "options": {"then": [row]}}  # type: ignore[dict-item]

    assert "/options/then" in faults(*[FIRST] * 17)
    assert "deeper than 5" in faults(row)["/options/then"]
    assert faults(row["options"]["then"][0]) == {}  # type: ignore[index,call-overload]


def test_the_row_that_the_page_shows_is_accepted() -> None:
    page = (Path(__file__).parents[3] / "docs" / "jobs.md").read_text(encoding="utf-8")
    (shown,) = re.findall(r"```json\n(.*?)```", page, flags=re.DOTALL)
    intake = Intake(registry.kinds(), registry.services(), probes="async")

    request = intake.read(JsonBody(shown.encode(), parse(shown.encode())))

    archive = request.options.then[0]
    assert [archive.kind, archive.options.then[0].kind] == ["object.archive", "notification.send"]
    assert "{result.object}" in archive.payload.values()
    assert "object" in ImageDescription.model_fields
    assert {"bytes", "manifest"} <= ArchiveResult.model_fields.keys()

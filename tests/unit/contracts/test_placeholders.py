"""Placeholders: what is filled in, how it is written, and what is refused."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import JsonValue, TypeAdapter, ValidationError

from afterwork.contracts.placeholders import Sources, Template, Unfillable, fill, has_placeholders

RESULT: JsonValue = {
    "output": {"object": "results/a.csv", "bytes": 12, "ratio": 0.5, "is_new": True, "tier": None},
    "rows": [{"n": 1}, {"n": 2}],
    "0": "zero",
    "with space": "s",
    "braces": "{result.rows}",
}
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=10,
)


def filled(template: JsonValue, result: JsonValue = RESULT, room: int = 10_000) -> JsonValue:
    """What becomes of one value of a payload."""
    return fill({"it": template}, Sources("j-1", result), room=room)["it"]


@pytest.mark.parametrize(
    ("template", "value"),
    [
        ("{result.output.object}", "results/a.csv"),
        ("{result.output.bytes}", 12),
        ("{result.output.is_new}", True),
        ("{result.output.tier}", None),
        ("{result.rows}", [{"n": 1}, {"n": 2}]),
        ("{result.rows.1}", {"n": 2}),
        ("{result.rows.1.n}", 2),
        ("{result.0}", "zero"),
        ("{result.with space}", "s"),
        ("{result}", RESULT),
        ("{job.id}", "j-1"),
        ("File {result.output.object} is ready", "File results/a.csv is ready"),
        ("{result.output.bytes} × {result.output.ratio}", "12 × 0.5"),
        ("new: {result.output.is_new}", "new: true"),
        ("{job.id}{job.id}", "j-1j-1"),
        ("{{result.rows}}", "{result.rows}"),
        ("{{{job.id}}}", "{j-1}"),
        ("a }} b {{ c", "a } b { c"),
        ("{result.braces}", "{result.rows}"),
        ("= {result.braces}", "= {result.rows}"),
        ("", ""),
        ("plain", "plain"),
        (["{job.id}", 1, {"k": "{result.rows.0.n}"}], ["j-1", 1, {"k": 1}]),
        ({"{job.id}": "{job.id}"}, {"{job.id}": "j-1"}),
        ([None, True, 1.5], [None, True, 1.5]),
    ],
)
def test_a_template_is_filled_in(template: JsonValue, value: JsonValue) -> None:
    assert filled(template) == value
    assert type(filled(template)) is type(value)


@pytest.mark.parametrize(
    ("template", "result", "text"),
    [
        ("{result.a}", {}, "{result.a}: result has no 'a'"),
        ("{result.a.b}", {"a": {"c": 1}}, "{result.a.b}: result.a has no 'b'"),
        ("{result.a}", None, "{result.a}: result is null and has no 'a'"),
        ("{result.a.b}", {"a": 1}, "{result.a.b}: result.a is a number and has no 'b'"),
        ("{result.a.b}", {"a": False}, "{result.a.b}: result.a is false and has no 'b'"),
        ("{result.a.0}", {"a": "text"}, "{result.a.0}: result.a is a string and has no '0'"),
        ("{result.2}", [1, 2], "{result.2}: result has 2 items, none of them number '2'"),
        ("{result.-1}", [1, 2], "{result.-1}: result has 2 items, none of them number '-1'"),
        ("{result.01}", [1, 2], "{result.01}: result has 2 items, none of them number '01'"),
        ("{result.²}", [1, 2], "{result.²}: result has 2 items, none of them number '²'"),
        ("x {result}", {}, "{result} is an object, which cannot stand within a text"),
        ("x {result}", [], "{result} is an array, which cannot stand within a text"),
        ("x {result}", None, "{result} is null, which cannot stand within a text"),
    ],
)
def test_what_cannot_be_filled_in_is_named(template: str, result: JsonValue, text: str) -> None:
    with pytest.raises(Unfillable) as caught:
        filled([template], result)

    assert str(caught.value) == text


@pytest.mark.parametrize(
    "text",
    [
        "{",
        "}",
        "a { b",
        "{}",
        "{result",
        "result}",
        "{{result}",
        "{result.}",
        "{result..a}",
        "{ result }",
        "{Result}",
        "{reslut.a}",
        "{job}",
        "{job.kind}",
        "{result.a{b}}",
        "{resulta}",
        "{result.a}}",
        "}{",
    ],
)
def test_a_malformed_placeholder_is_refused_where_it_stands(text: str) -> None:
    with pytest.raises(ValidationError) as caught:
        TypeAdapter(Template).validate_python({"fine": "{result}", "a": [{"b": text}]})

    (error,) = caught.value.errors()
    assert error["loc"] == ("a", 0, "b")
    assert "is no placeholder" in error["msg"]


def test_of_very_many_malformed_placeholders_fifty_are_told() -> None:
    with pytest.raises(ValidationError) as caught:
        TypeAdapter(Template).validate_python({"a": ["{" * 99_999] * 1000})

    assert caught.value.error_count() == 50
    assert all(len(error["msg"]) < 300 for error in caught.value.errors())


def test_a_small_template_cannot_make_a_large_payload() -> None:
    result = "x" * 100

    assert filled("{result}" * 9, result, room=1000) == "x" * 900
    with pytest.raises(Unfillable, match="becomes too large"):
        filled("{result}" * 10, result, room=1000)
    with pytest.raises(Unfillable, match="becomes too large"):
        filled([{"a": "{result}"}] * 10, result, room=1000)


@given(JSON)
def test_a_text_that_is_one_placeholder_becomes_the_value_itself(value: JsonValue) -> None:
    assert json.dumps(filled("{result}", value)) == json.dumps(value)
    assert json.dumps(filled("{result.a.0}", {"a": [value]})) == json.dumps(value)


@given(JSON)
def test_whatever_has_its_braces_doubled_stays_as_it_is(value: JsonValue) -> None:
    doubled = _doubled(value)

    assert not has_placeholders(doubled)
    assert json.dumps(filled(doubled, room=0)) == json.dumps(value)
    TypeAdapter(Template).validate_python({"it": doubled})


@given(
    st.lists(st.sampled_from(["{", "}", "{{", "}}", "{result}", "{job.id}", "a", ".", " "]), max_size=12).map(
        "".join
    )
)
def test_what_passes_the_check_can_be_filled_in(template: str) -> None:
    try:
        TypeAdapter(Template).validate_python({"it": template})
    except ValidationError:
        return

    assert isinstance(filled(template, "value"), str)


@given(st.text(), st.text())
def test_what_is_filled_in_is_not_looked_at_again(before: str, value: str) -> None:
    template = f"{_doubled(before)}{{result}}"

    assert filled(template, value) == before + value


def _doubled(value: JsonValue) -> JsonValue:
    match value:
        case str():
            return value.replace("{", "{{").replace("}", "}}")
        case list():
            return [_doubled(item) for item in value]
        case dict():
            return {name: _doubled(item) for name, item in value.items()}
        case _:
            return value

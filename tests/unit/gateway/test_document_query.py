"""The query of `GET /v1/documents/{collection}`: what fields may be asked for, and what a text may mean."""

import pytest
from starlette.requests import Request

from afterwork.errors import BadParameter
from gateway.http.document_query import DocumentQuery, document_query


async def asked(query: str) -> DocumentQuery:
    return await document_query(Request({"type": "http", "query_string": query.encode(), "headers": []}))


async def test_nothing_asked_for_is_the_newest_page() -> None:
    query = await asked("")

    assert (query.where, query.order, query.page_size, query.page_token) == ({}, "newest", 50, None)


async def test_what_is_no_parameter_of_the_route_is_a_field() -> None:
    query = await asked("order=id&page_size=7&page_token=abc&metadata.format=JPEG&object=inbox%2Fa.jpg")

    assert (query.order, query.page_size, query.page_token) == ("id", 7, "abc")
    assert query.where == {"metadata.format": ("JPEG",), "object": ("inbox/a.jpg",)}


@pytest.mark.parametrize(
    ("text", "meanings"),
    [
        ("640", ("640", 640)),
        ("-1.5", ("-1.5", -1.5)),
        ("1e3", ("1e3", 1000.0)),
        ("true", ("true", True)),
        ("false", ("false", False)),
        ("null", ("null", None)),
        ("JPEG", ("JPEG",)),
        ("007", ("007",)),
        ("NaN", ("NaN",)),
        ("Infinity", ("Infinity",)),
        ("1e999", ("1e999",)),
        ("[1]", ("[1]",)),
        ("{}", ("{}",)),
        ('"x"', ('"x"',)),
        ("9" * 5000, ("9" * 5000,)),
        ("9" * 400, ("9" * 400,)),
        ("-" + "9" * 400, ("-" + "9" * 400,)),
        ("9" * 30, ("9" * 30, int("9" * 30))),
        ("[" * 5000, ("[" * 5000,)),
    ],
)
async def test_a_text_may_be_meant_as_a_number_or_a_literal(text: str, meanings: tuple[object, ...]) -> None:
    query = await asked(f"x={text}")

    assert query.where == {"x": meanings}
    assert [type(value) for value in query.where["x"]] == [type(value) for value in meanings]


@pytest.mark.parametrize(
    ("query", "fault"),
    [
        ("x=1&x=2", "x: give one value"),
        ("x=", "x: give one value"),
        ("page_size=", "page_size: give one value"),
        ("page_size=0", "page_size: "),
        ("page_size=501", "page_size: "),
        ("page_size=many", "page_size: "),
        ("order=oldest", "order: "),
        ("&".join(f"x{number}=1" for number in range(11)), "at most 10 fields"),
    ],
)
async def test_what_cannot_be_meant_is_refused(query: str, fault: str) -> None:
    with pytest.raises(BadParameter, match=fault):
        await asked(query)

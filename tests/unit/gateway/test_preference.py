"""The `Prefer` header, as RFC 7240 writes it and as clients do."""

import pytest

from gateway.http.preference import Preference, preference


@pytest.mark.parametrize(
    ("values", "wait", "respond_async"),
    [
        ([], None, False),
        (["wait=5"], 5, False),
        (["respond-async"], None, True),
        (["respond-async, wait=10"], 10, True),
        (["respond-async", "wait=10"], 10, True),
        (["Wait=10 , RESPOND-ASYNC"], 10, True),
        ([" wait = 7 "], 7, False),
        (['wait="7"'], 7, False),
        (["wait=7; foo=bar; baz"], 7, False),
        (['respond-async;foo="a;b,c", wait=3'], 3, True),
        (["wait=0"], 0, False),
        (["wait=61"], 60, False),
        (["wait=" + "9" * 5000], 60, False),
        (["wait=1, wait=2"], 1, False),
        (["wait=1", "wait=2"], 1, False),
    ],
)
def test_preferences_are_read_however_they_are_written(
    values: list[str], wait: int | None, *, respond_async: bool
) -> None:
    assert preference(values) == Preference(wait, respond_async=respond_async)


@pytest.mark.parametrize(
    "value",
    [
        "",
        ",,",
        "return=minimal",
        "handling=lenient; wait=5",
        'foo="wait=5, respond-async"',
        "wait",
        "wait=",
        'wait=""',
        "wait=-1",
        "wait=1.5",
        "wait=ten",
        "wait=٣",
        'wait="5',
        "wait=5 6",
        "waiting=5",
        "respond-async=yes",
        '"wait=5"',
        "wait: 5",
        "\x00",
    ],
)
def test_what_is_unknown_or_cannot_be_read_is_as_if_it_were_not_there(value: str) -> None:
    assert preference([value]) == Preference(None, respond_async=False)


def test_a_broken_preference_does_not_hide_a_readable_one() -> None:
    assert preference(["wait=soon, return=minimal, wait=5"]) == Preference(5, respond_async=False)


@pytest.mark.parametrize(
    ("wait", "respond_async", "answered_async", "said"),
    [
        (None, False, True, None),
        (5, False, True, "wait=5"),
        (5, True, True, "respond-async, wait=5"),
        (5, True, False, "wait=5"),
        (None, True, True, "respond-async"),
    ],
)
def test_the_answer_says_which_preferences_were_honoured(
    wait: int | None, *, respond_async: bool, answered_async: bool, said: str | None
) -> None:
    told = Preference(wait, respond_async=respond_async).applied(answered_async=answered_async)

    assert told.get("Preference-Applied") == said

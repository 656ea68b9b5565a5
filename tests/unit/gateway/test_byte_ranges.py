import pytest

from gateway.http.byte_ranges import ByteRange, byte_range


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("bytes=0-0", (0, 1)),
        ("bytes=0-9", (0, 10)),
        ("bytes=0-99999", (0, 10)),
        ("bytes=9-", (9, 10)),
        ("bytes=-1", (9, 10)),
        ("bytes=-99", (0, 10)),
        ("BYTES = 2 - 3", (2, 4)),
    ],
)
def test_a_range_that_is_there_is_found(value: str, expected: tuple[int, int]) -> None:
    found = byte_range(value, 10)

    assert found is not None
    assert found.is_satisfiable
    assert (found.start, found.end) == expected
    assert found.content_range == f"bytes {expected[0]}-{expected[1] - 1}/10"


@pytest.mark.parametrize("value", ["bytes=10-", "bytes=10-20", "bytes=-0", "bytes=999999999999999999-"])
def test_a_range_beyond_the_end_cannot_be_satisfied(value: str) -> None:
    found = byte_range(value, 10)

    assert found is not None
    assert not found.is_satisfiable
    assert found.content_range == "bytes */10"


@pytest.mark.parametrize(
    "value",
    [None, "", "bytes", "bytes=", "bytes=-", "bytes=5-4", "bytes=0-1,3-4", "lines=0-1", "bytes=a-b", "bytes=٣-",
     "bytes=" + "9" * 4000 + "-", "bytes=--1", "bytes=1-2x"],
)  # fmt: skip
def test_what_is_no_single_range_of_bytes_is_ignored(value: str | None) -> None:
    assert byte_range(value, 10) is None


@pytest.mark.parametrize("value", ["bytes=0-", "bytes=-1", "bytes=0-0"])
def test_nothing_has_no_range(value: str) -> None:
    found = byte_range(value, 0)

    assert found == ByteRange(0, 0, 0)
    assert not found.is_satisfiable

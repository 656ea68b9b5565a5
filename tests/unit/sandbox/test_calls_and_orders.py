"""Names, arguments and orders, before and after they cross."""

import asyncio
import os.path
from collections.abc import Callable
from pathlib import Path

import pytest

from afterwork.sandbox import Limits
from afterwork.sandbox.calls import Call, decode_arguments, encode_call, found, name_of
from afterwork.sandbox.frames import MAX_BODY, Frame, Garbled, Topic, read_frame
from afterwork.sandbox.orders import ORDER, Kill, Lines, Order, Start, line_of


def sample(path: Path, *numbers: float) -> None:
    """Takes a path and numbers."""


def test_a_call_is_decoded_as_it_was_encoded() -> None:
    call = encode_call(sample, [Path("/a b\n"), 0.1, 2])

    back = Call.decode(call.encode())

    assert back == call
    assert found(back.function) is sample
    assert decode_arguments(sample, back) == (Path("/a b\n"), 0.1, 2.0)


def generator() -> object:
    yield 1


async def coroutine() -> None:
    """Does nothing."""


@pytest.mark.parametrize("function", [generator, coroutine, lambda: None, Path, "text".upper, len])
def test_only_plain_functions_of_modules_have_a_name(function: Callable[..., object]) -> None:
    with pytest.raises(TypeError):
        name_of(function)


def test_what_runs_as_a_script_cannot_be_found_elsewhere() -> None:
    def scripted() -> None:
        """Says that it is of a script."""

    scripted.__module__, scripted.__qualname__ = "__main__", "scripted"

    with pytest.raises(TypeError, match="cannot be imported"):
        name_of(scripted)


@pytest.mark.parametrize("name", ["nowhere:to_be_found", "os.path:nothing", "os.path", ""])
def test_a_name_of_nothing_is_not_found(name: str) -> None:
    assert os.path.sep

    with pytest.raises(LookupError):
        found(name)


@pytest.mark.parametrize("limits", [{"memory": 0}, {"memory": -1}, {"seconds": 0}, {"seconds": float("nan")}])
def test_limits_within_which_nothing_can_be_done_are_refused(limits: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="a call cannot"):
        Limits(**limits)  # type: ignore[arg-type]


def test_orders_are_put_together_from_parts() -> None:
    orders: list[Order] = [Start(id=1, directory="/tmp/ä b", memory=2**30, processes=2), Kill(id=1)]
    data = b"".join(line_of(order) for order in orders)
    lines = Lines()

    found = [line for position in range(len(data)) for line in lines.add(data[position : position + 1])]

    assert [ORDER.validate_json(line) for line in found] == orders


def reader_of(data: bytes) -> asyncio.StreamReader:
    reader = asyncio.StreamReader()
    reader.feed_data(data)
    reader.feed_eof()
    return reader


async def test_frames_are_read_one_by_one_until_none_is_left() -> None:
    frames = [Frame(Topic.PROGRESS, b"[1]"), Frame(Topic.RESULT, b"")]
    reader = reader_of(b"".join(frame.encode() for frame in frames))

    assert [await read_frame(reader) for _ in range(3)] == [*frames, None]


@pytest.mark.parametrize("length", [1, 5, 7])
async def test_part_of_a_frame_is_none(length: int) -> None:
    assert await read_frame(reader_of(Frame(Topic.RESULT, b"[1]").encode()[:length])) is None


@pytest.mark.parametrize("data", [b"Z\x00\x00\x00\x00", b"R" + (MAX_BODY + 1).to_bytes(4, "big")])
async def test_what_is_no_frame_is_told(data: bytes) -> None:
    with pytest.raises(Garbled):
        await read_frame(reader_of(data))

import os

import pytest

from afterwork_up.pipe import LONGEST_LINE, Pipe, lines


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        (b"", []),
        (b"one\n", ["one"]),
        (b"one\ntwo\n", ["one", "two"]),
        (b"one\n\ntwo\n", ["one", "", "two"]),
        (b"broken off", ["broken off"]),
        (b"not \xff utf-8\n", ["not � utf-8"]),
    ],
)
async def test_what_a_child_writes_comes_out_line_by_line(written: bytes, expected: list[str]) -> None:
    pipe = await Pipe.open()
    os.write(pipe.writing, written)
    pipe.handed_over()

    seen = [line async for line in lines(pipe.reader)]

    assert seen == expected
    pipe.close()


async def test_a_line_without_end_comes_out_in_pieces() -> None:
    # given a child that writes three times as much as a line may hold, and no line end
    pipe = await Pipe.open()
    pipe.reader.feed_data(b"x" * (3 * LONGEST_LINE))
    pipe.handed_over()

    # when it is read
    seen = [line async for line in lines(pipe.reader)]

    # then nothing is lost
    assert len(seen) == 3
    assert "".join(seen) == "x" * (3 * LONGEST_LINE)
    pipe.close()

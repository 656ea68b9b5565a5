"""What a child has written is cut while it writes on, and its last words are kept."""

import fcntl
import os
import tempfile

from afterwork.sandbox.server import KEPT_OUTPUT, MAX_OUTPUT, _keep_short


def test_of_much_output_the_end_is_kept() -> None:
    with tempfile.TemporaryFile(buffering=0) as output:
        fcntl.fcntl(output, fcntl.F_SETFL, os.O_APPEND)  # as a child does
        output.write(b"x" * MAX_OUTPUT + b"the last word")

        _keep_short(output.fileno())
        output.write(b", and one more")

        kept = os.pread(output.fileno(), MAX_OUTPUT, 0)
        assert len(kept) == KEPT_OUTPUT + len(b", and one more")
        assert kept.endswith(b"xthe last word, and one more")


def test_little_output_is_left_as_it_is() -> None:
    with tempfile.TemporaryFile(buffering=0) as output:
        output.write(b"all of it")

        _keep_short(output.fileno())

        assert os.pread(output.fileno(), MAX_OUTPUT, 0) == b"all of it"

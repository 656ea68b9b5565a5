import os
import subprocess
import sys
from pathlib import Path

import pytest

from afterwork_up.data_directory import LOCK, locked
from afterwork_up.refusal import Refusal


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o777


def test_a_new_data_directory_is_private(tmp_path: Path) -> None:
    with locked(tmp_path / "of" / "mine") as earlier_was_killed:
        assert mode(tmp_path / "of" / "mine") == 0o700
        assert not earlier_was_killed


def test_an_empty_directory_becomes_private(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)

    with locked(tmp_path):
        assert mode(tmp_path) == 0o700


def test_a_directory_that_others_use_is_left_alone(tmp_path: Path) -> None:
    # given something like a home or /tmp
    tmp_path.chmod(0o755)
    (tmp_path / "letter.txt").touch()

    # when it is named as data directory
    with pytest.raises(Refusal, match="holds other things"), locked(tmp_path):
        pass

    # then its mode is as before
    assert mode(tmp_path) == 0o755


def test_a_second_user_is_told_who_the_first_is(tmp_path: Path) -> None:
    with locked(tmp_path), pytest.raises(Refusal, match=f"pid {os.getpid()}"), locked(tmp_path):
        pass


def test_an_orderly_end_leaves_no_trace_of_its_user(tmp_path: Path) -> None:
    with locked(tmp_path):
        pass

    with locked(tmp_path) as earlier_was_killed:
        assert not earlier_was_killed


def test_a_user_that_was_killed_is_noticed(tmp_path: Path) -> None:
    # given a process that holds the directory and is killed
    code = (
        "import os, pathlib, sys; from afterwork_up.data_directory import locked\n"
        "with locked(pathlib.Path(sys.argv[1])): os.kill(os.getpid(), 9)"
    )
    subprocess.run([sys.executable, "-c", code, tmp_path], check=False)
    assert (tmp_path / LOCK).read_text()

    # when the next one comes, then it gets the directory, and knows
    with locked(tmp_path) as earlier_was_killed:
        assert earlier_was_killed


def test_a_file_is_no_data_directory(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    with pytest.raises(Refusal, match="cannot use"), locked(tmp_path / "file"):
        pass

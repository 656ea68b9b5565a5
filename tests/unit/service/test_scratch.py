"""Temporary files of a service: all in one place, and gone after its death, however that came."""

import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from afterwork.service.scratch import scratch, sweep

KILLED = """
import os, signal, tempfile
from afterwork.service.scratch import scratch
with scratch() as directory:
    (directory / "half").write_text("done")
    print(directory, flush=True)
    os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.fixture(autouse=True)
def temporary(tmp_path: Path) -> Iterator[Path]:
    """Where this system puts temporary files, for the length of the test."""
    earlier, tempfile.tempdir = tempfile.tempdir, str(tmp_path)
    yield tmp_path
    tempfile.tempdir = earlier


def killed(temporary: Path) -> Path:
    """The directory of a process that was killed."""
    done = subprocess.run(
        [sys.executable, "-c", KILLED],
        capture_output=True,
        text=True,
        check=False,
        env={"TMPDIR": str(temporary)},
    )
    return Path(done.stdout.strip())


def test_temporary_files_lie_in_it_and_go_with_it(temporary: Path) -> None:
    with scratch() as directory:
        made = Path(tempfile.mkdtemp())
        assert (directory.parent, made.parent) == (temporary, directory)

    assert not directory.exists()
    assert tempfile.gettempdir() == str(temporary)


def test_what_a_killed_process_has_left_is_removed(temporary: Path) -> None:
    left = killed(temporary)
    assert (left / "half").exists()

    sweep(temporary, newborn=0)

    assert not left.exists()


def test_what_a_living_process_has_stays(temporary: Path) -> None:
    with scratch() as directory:
        sweep(temporary, newborn=0)

        assert directory.exists()


def test_a_directory_that_is_just_being_made_stays(temporary: Path) -> None:
    left = killed(temporary)

    sweep(temporary)

    assert left.exists()


@pytest.mark.parametrize("name", ["afterwork-report", "other"])
def test_what_is_somebody_elses_stays(temporary: Path, name: str) -> None:
    path = temporary / name
    path.mkdir()

    sweep(temporary, newborn=0)

    assert path.exists()


def test_a_link_leads_nowhere(temporary: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    (elsewhere / "lock").touch()
    (temporary / "afterwork-link").symlink_to(elsewhere)

    sweep(temporary, newborn=0)

    assert (elsewhere / "lock").exists()

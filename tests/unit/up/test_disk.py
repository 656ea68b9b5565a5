from pathlib import Path

import pytest

from afterwork_up.child import Ended
from afterwork_up.disk import Disk, wrote_in_vain

MORE_THAN_THERE_IS = 1 << 60
OF_A_FULL_DISK = (
    "# Short write while writing to the AOF file: (nwritten=27910, expected=60033)",
    "# Can't recover from AOF write error when the AOF fsync policy is 'always'. Exiting...",
)


class StillWaitingError(Exception):
    pass


class Clock:
    """Counts the pauses instead of making them, and gives up after a few."""

    def __init__(self) -> None:
        self.pauses = 0

    async def sleep(self, _: float) -> None:
        self.pauses += 1
        if self.pauses > 3:
            raise StillWaitingError


@pytest.mark.parametrize(
    "last_line",
    [
        "# Error writing to the AOF file: No space left on device",
        "# Error writing to the AOF file: Disk quota exceeded",
        OF_A_FULL_DISK[0],
    ],
)
def test_the_log_tells_that_there_was_no_room(last_line: str) -> None:
    assert wrote_in_vain(["* Ready to accept connections unix", last_line, "# Exiting..."])


def test_another_fault_of_the_disk_is_not_taken_for_want_of_room() -> None:
    assert not wrote_in_vain(["# Error writing to the AOF file: Input/output error", OF_A_FULL_DISK[1]])


async def test_an_end_that_had_another_cause_is_not_waited_for(tmp_path: Path) -> None:
    disk = Disk(tmp_path, pytest.fail, room=1)

    assert not await disk.wait_for_room(Ended(-9, 1.0, ("# Ready",)))


async def test_a_directory_that_is_gone_is_no_full_disk(tmp_path: Path) -> None:
    disk = Disk(tmp_path / "gone", pytest.fail, room=MORE_THAN_THERE_IS)

    assert not await disk.wait_for_room(Ended(1, 1.0, OF_A_FULL_DISK))


async def test_a_full_disk_is_named_once_and_waited_for(tmp_path: Path) -> None:
    # given a disk that has less room than is needed
    said: list[str] = []
    clock = Clock()
    disk = Disk(tmp_path, said.append, room=MORE_THAN_THERE_IS, sleep=clock.sleep)

    # when Valkey has ended, whatever it said
    with pytest.raises(StillWaitingError):
        await disk.wait_for_room(Ended(1, 1.0, ()))

    # then it is looked at again and again, and told once
    assert len(said) == 1
    assert str(tmp_path) in said[0]
    assert "accepted jobs are safe" in said[0]


async def test_it_goes_on_when_there_is_room(tmp_path: Path) -> None:
    # given a disk on which Valkey found no room, and that has room again
    said: list[str] = []
    disk = Disk(tmp_path, said.append, room=1, sleep=Clock().sleep)

    # when that is looked at
    known = await disk.wait_for_room(Ended(1, 1.0, OF_A_FULL_DISK))

    # then Valkey may be started at once, and the user knows
    assert known
    assert "going on" in said[-1]

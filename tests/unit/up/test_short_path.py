from pathlib import Path

import pytest

from afterwork_up.short_path import LONGEST, short_path


def test_a_short_path_is_used_as_it_is() -> None:
    with short_path(Path("/data")) as path:
        assert path == Path("/data")


@pytest.mark.parametrize("name", ["n" * 200, "with space", "50%", "ä", "what?"])
def test_any_other_path_gets_a_short_link_that_goes_away(tmp_path: Path, name: str) -> None:
    # given a directory whose path is too long for a socket or would need escaping in a URL
    directory = tmp_path / name
    directory.mkdir()
    (directory / "file").touch()

    # when a short path is asked for
    with short_path(directory) as path:
        # then it leads to the same directory
        assert len(str(path)) <= LONGEST
        assert (path / "file").samefile(directory / "file")

    # and it is gone afterwards, but not the directory
    assert not path.parent.exists()
    assert (directory / "file").exists()

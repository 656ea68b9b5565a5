"""What docs/ tells a reader to type is typed, beside a running `afterwork up`, and does what the page says."""

import os
import re
import sys
from pathlib import Path

import pytest
from tests.e2e import pages
from tests.e2e.up_support import Up

ROOT = Path(__file__).parents[2]
PAGES = sorted(page for page in (ROOT / "docs").glob("*.md") if "```sh\n" in page.read_text(encoding="utf-8"))
OPTIONS = re.compile(r"^<!-- beside: make up ARGS=\"(.*?)\" -->$", re.MULTILINE)
REDIS_CLI = """
import sys
from redis import Redis
reply = Redis.from_url({url!r}, decode_responses=True).execute_command(*sys.argv[1:])
print(*(reply if isinstance(reply, list) else [reply]), sep="\\n")
"""


@pytest.mark.timeout(300)
@pytest.mark.parametrize("page", PAGES, ids=[page.stem for page in PAGES])
def test_the_commands_of_a_page_do_what_it_says(page: Path, tmp_path: Path) -> None:
    # given
    text = page.read_text(encoding="utf-8")
    options = OPTIONS.search(text)
    folder = tmp_path / "clone"
    folder.mkdir()
    (folder / ".venv").symlink_to(sys.prefix)
    for name in ("examples", "docs"):
        (folder / name).symlink_to(ROOT / name)
    data = folder / ".afterwork"

    with Up(data, *(options[1].split() if options else [])) as up:
        port = up.address.rpartition(":")[2]
        pages.command_line(tmp_path, "redis-cli", REDIS_CLI.format(url=f"unix://{data}/valkey.sock"))
        path = f"{tmp_path}/bin:{Path(sys.executable).parent}:{os.environ['PATH']}"
        script = [
            pages.Block(block.commands.replace("127.0.0.1:8000", f"127.0.0.1:{port}"), block.expected)
            for block in pages.blocks(text)
        ]

        # when
        printed = pages.run(script, folder, {**os.environ, "PATH": path})

    # then
    for block, output in zip(script, printed, strict=True):
        assert not pages.missing(block.expected, output), f"{block.commands}\nprinted:\n{output}"


def test_every_page_points_to_files_that_are_there() -> None:
    for page in [*PAGES, *(ROOT / "docs").glob("*.md")]:
        for target in re.findall(r"\]\(([^)#:]+)\)", page.read_text(encoding="utf-8")):
            assert (page.parent / target).exists(), f"{page.name}: {target}"

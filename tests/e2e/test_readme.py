"""README's commands, pasted into a fresh copy of the repository with an environment of its own."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from tests.e2e import pages
from tests.servers import free_port, wait_until

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
SET_UP = 420.0
"""Seconds for a first `make up`, which installs everything."""


def blocks(language: str) -> list[str]:
    """The fenced blocks of README in this language."""
    return re.findall(rf"```{language}\n(.*?)```", README, flags=re.DOTALL)


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The files that are, or would be, committed."""
    target = tmp_path_factory.mktemp("clone")
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listing = subprocess.run(command, cwd=ROOT, capture_output=True, check=True, text=True).stdout
    for name in filter(None, listing.split("\0")):
        if (ROOT / name).is_file():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, target / name)
    return target


@contextmanager
def made_up(clone: Path, port: int) -> Iterator[Path]:
    """`make up`, ready; ended by Ctrl-C, which must end it well."""
    log = clone / "up.log"
    command = ["make", "up", f"ARGS=--port {port}", f"PYTHON={getattr(sys, '_base_executable')}"]  # noqa: B009
    with log.open("wb") as output:
        process = subprocess.Popen(
            command, cwd=clone, stdout=output, stderr=subprocess.STDOUT, start_new_session=True
        )
    try:
        ready = b"afterwork ready: "
        wait_until(
            lambda: ready in log.read_bytes() or process.poll() is not None,
            deadline=SET_UP,
            what="afterwork ready",
        )
        assert ready in log.read_bytes(), log.read_text()
        yield log
    finally:
        os.killpg(process.pid, signal.SIGINT)  # to the whole group, as a terminal does
        process.wait(timeout=15)


def pasted(command: str, clone: Path, port: int) -> Any:  # noqa: ANN401 - any JSON
    """What a command of README answers, the port being another one."""
    text = command.replace("127.0.0.1:8000", f"127.0.0.1:{port}")
    done = subprocess.run(["bash", "-ec", text], cwd=clone, capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


def split_commands(block: str) -> list[str]:
    """One command each, its continued lines joined."""
    return block.replace("\\\n", " ").strip().splitlines()


@pytest.mark.timeout(900)
def test_the_commands_of_readme_do_what_it_says(clone: Path) -> None:
    port = free_port()
    two_commands, curls, *five, greeter, greeting = blocks("sh")
    assert len(five) == 5
    assert two_commands.startswith("make up ")
    post, listing, ledger = split_commands(curls)

    with made_up(clone, port) as log:
        job = pasted(post, clone, port)
        assert job["state"] == "queued"
        deadline = time.monotonic() + 20
        while pasted(listing, clone, port)["jobs"][0]["state"] != "succeeded":
            assert time.monotonic() < deadline
        assert pasted(ledger, clone, port)["imbalance"] == 0
        for printed in re.findall(r"^\s*(curl .*)$", log.read_text(), flags=re.MULTILINE):
            assert pasted(printed, clone, port)
        assert_five_programs_work(clone, port)

    install, again = split_commands(greeter)
    assert again == "make up"
    subprocess.run(["bash", "-ec", install], cwd=clone, check=True, capture_output=True)
    with made_up(clone, port):
        job = pasted(greeting, clone, port)
        url = f"http://127.0.0.1:{port}{job['links']['self']}"
        wait_until(lambda: pasted(f"curl -s {url}", clone, port)["state"] == "succeeded", what="the greeting")
        assert (
            pasted(f"curl -s http://127.0.0.1:{port}{job['links']['result']}", clone, port) == "Hello, Ada!"
        )


def assert_five_programs_work(clone: Path, port: int) -> None:
    """Type what the section says, beside a photograph of the reader's."""
    Image.effect_noise((64, 48), 64).save(clone / "photo.jpg")
    section = README.partition("## The five programs")[2].partition("\n## ")[0]
    script = [
        pages.Block(block.commands.replace("127.0.0.1:8000", f"127.0.0.1:{port}"), block.expected)
        for block in pages.blocks(section)
    ]

    for block, output in zip(script, pages.run(script, clone, dict(os.environ)), strict=True):
        assert not pages.missing(block.expected, output), f"{block.commands}\nprinted:\n{output}"


def test_the_code_in_readme_is_the_code_of_the_example() -> None:
    for block in blocks("python"):
        first, code = block.split("\n", 1)
        path = ROOT / first.removeprefix("# ")

        assert code == path.read_text(encoding="utf-8")


def test_every_file_that_readme_points_to_is_there() -> None:
    for target in re.findall(r"\]\(([^)#:]+)\)", README):
        assert (ROOT / target).exists(), target

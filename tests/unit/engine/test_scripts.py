"""The text of the Lua scripts: flags, prelude and names are what the server and the other scripts expect."""

import hashlib
from importlib.resources import files

import pytest

from afterwork.engine import keys
from afterwork.engine.scripts import script

NAMES = sorted(
    file.name.removesuffix(".lua")
    for file in (files("afterwork.engine") / "lua").iterdir()
    if file.name.endswith(".lua")
)
MAY_BE_REFUSED = {"plain_submit", "retry", "submit"}
"""When memory is full; all others must go on."""
READ_ONLY = {"examine", "feed", "get", "ledger", "list", "payload", "plain_look", "queues"}


@pytest.mark.parametrize("name", NAMES)
def test_a_script_begins_with_the_flags_of_its_sort(name: str) -> None:
    flags = "" if name in MAY_BE_REFUSED else " flags=no-writes" if name in READ_ONLY else " flags=allow-oom"

    assert script(name).body.splitlines()[0] == f"#!lua{flags}"


@pytest.mark.parametrize("name", NAMES)
def test_a_script_is_called_by_the_digest_of_its_text(name: str) -> None:
    body = script(name).body

    assert script(name).digest == hashlib.sha1(body.encode(), usedforsecurity=False).hexdigest()
    assert script(name) is script(name)


@pytest.mark.parametrize("name", NAMES)
def test_no_script_names_a_key_itself(name: str) -> None:
    own = (files("afterwork.engine") / "lua" / f"{name}.lua").read_text()

    code = "\n".join(line.partition("--")[0] for line in own.splitlines())
    assert "aw:" not in code
    assert "arq:" not in code


def test_every_key_and_number_of_the_engine_is_known_to_the_scripts() -> None:
    body = script("step").body

    assert f'local PAYLOAD = "{keys.PAYLOAD}"' in body
    assert f"local BATCH_BYTES = {keys.BATCH_BYTES}" in body
    assert all(f"local {name} = " in body for name in vars(keys) if name.isupper())


def test_only_a_test_moves_the_clock() -> None:
    assert "local CLOCK_OFFSET = 0\n" in script("step").body
    assert "local CLOCK_OFFSET = 5 * 60\n" in script("step", "5 * 60").body

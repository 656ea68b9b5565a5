"""`afterwork keys create`: the key for one, the entry for the other."""

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from afterwork.api_keys import ApiKey, Scope, digest, parse_keys
from afterwork.keys_command import keys


def create(*words: str) -> Result:
    return CliRunner().invoke(keys, ["create", *words])


def test_standard_output_is_the_key_alone_and_its_entry_stands_elsewhere() -> None:
    # When
    done = create("shop", "--scope", "submit", "--scope", "read")

    # Then
    key = done.stdout.removesuffix("\n")
    (known,) = parse_keys(done.stderr.splitlines()[-1])
    assert done.exit_code == 0
    assert "\n" not in key
    assert known == ApiKey("shop", frozenset({Scope.SUBMIT, Scope.READ}), digest(key.encode()))
    assert key not in done.stderr


def test_entries_are_gathered_in_a_file(tmp_path: Path) -> None:
    # Given
    file = tmp_path / "api-keys"

    # When
    shop = create("shop", "--scope", "submit", "--add-to", str(file))
    file.write_text(file.read_text().rstrip())  # as an editor may leave it
    ops = create("ops", "--scope", "admin", "--add-to", str(file))

    # Then
    known = parse_keys(file.read_text())
    assert [key.name for key in known] == ["shop", "ops"]
    assert [key.digest for key in known] == [digest(done.stdout.strip().encode()) for done in (shop, ops)]


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        (f"shop:read:{'0' * 64}\n", "two keys have the name shop"),
        ("what is this", "entry 1 (what): is not of the form"),
    ],
)
def test_a_file_that_the_gateway_would_refuse_is_left_as_it_is(
    tmp_path: Path, content: str, fault: str
) -> None:
    # Given
    file = tmp_path / "api-keys"
    file.write_text(content)

    # When
    done = create("shop", "--scope", "read", "--add-to", str(file))

    # Then
    assert done.exit_code == 1
    assert done.stdout == ""
    assert done.stderr == f"Error: {file}: {fault}" + done.stderr.partition(fault)[2]
    assert done.stderr.count("\n") == 1
    assert file.read_text() == content


@pytest.mark.parametrize(
    "words",
    [
        ["shop"],
        ["shop", "--scope", "write"],
        ["Shop", "--scope", "read"],
        ["shop", "--scope", "read", "--add-to", "/nowhere/at/all"],
        ["shop", "--scope", "read", "--add-to", "/"],
    ],
)
def test_wrong_wishes_make_no_key(words: list[str]) -> None:
    done = create(*words)

    assert done.exit_code in {1, 2}
    assert done.stdout == ""
    assert "Error: " in done.stderr
    assert "Traceback" not in done.stderr

"""API keys: what may stand in `AFTERWORK_API_KEYS`, and that no error shows what should not be seen."""

import re

import pytest

from afterwork.api_keys import ApiKey, Scope, digest, named, new_key, parse_keys

ZEROS = "0" * 64
ONES = "1" * 64


def test_entries_stand_on_lines_or_between_semicolons() -> None:
    # Given
    text = f"""
        shop:submit,read:{ZEROS}
        till-2:control:{ONES} ; ops:admin:{"AB" * 32};
    """

    # When
    keys = parse_keys(text)

    # Then
    assert keys == (
        ApiKey("shop", frozenset({Scope.SUBMIT, Scope.READ}), bytes(32)),
        ApiKey("till-2", frozenset({Scope.CONTROL}), b"\x11" * 32),
        ApiKey("ops", frozenset({Scope.ADMIN}), b"\xab" * 32),
    )


def test_an_entry_is_read_back_as_it_was_made() -> None:
    key = named("shop", [Scope.READ, Scope.SUBMIT, Scope.READ], new_key())

    assert parse_keys(key.entry) == (key,)
    assert key.entry.startswith("shop:submit,read:")


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("", "no key"),
        (" ;\n; ", "no key"),
        ("shop", "entry 1 (shop): is not of the form"),
        (f"shop:read:{ZEROS}:more", "entry 1 (shop): is not of the form"),
        (f"shop:submit, read:{ZEROS}", "entry 1 (shop): is not of the form"),
        (f"a:read:{ZEROS} b:read", "entry 2 (b): is not of the form"),
        (f":read:{ZEROS}", "entry 1: a name"),
        (f"Shop:read:{ZEROS}", "entry 1: a name"),
        (f"-shop:read:{ZEROS}", "entry 1: a name"),
        (f"sh_op:read:{ZEROS}", "entry 1: a name"),
        (f"shöp:read:{ZEROS}", "entry 1: a name"),
        (f"{'s' * 64}:read:{ZEROS}", "entry 1: a name"),
        (f"shop::{ZEROS}", "entry 1 (shop): there is no scope, only submit, read"),
        (f"shop:read,:{ZEROS}", "entry 1 (shop): there is no scope, only"),
        (f"shop:write:{ZEROS}", "entry 1 (shop): there is no scope write, only"),
        (f"shop:READ:{ZEROS}", "entry 1 (shop): there is no scope READ, only"),
        ("shop:read:", "entry 1 (shop): what follows"),
        (f"shop:read:{ZEROS[1:]}", "entry 1 (shop): what follows"),
        (f"shop:read:{ZEROS}0", "entry 1 (shop): what follows"),
        (f"shop:read:{ZEROS[1:]}g", "entry 1 (shop): what follows"),
        (f"shop:read:{ZEROS[1:]}٣", "entry 1 (shop): what follows"),
        (f"shop:read:{ZEROS} shop:submit:{ONES}", "two keys have the name shop"),
        (f"shop:read:{ZEROS} till:submit:{ZEROS}", "shop and till are the same key"),
    ],
)
def test_a_wrong_list_is_refused_naming_the_entry(text: str, fault: str) -> None:
    with pytest.raises(ValueError, match=f"^.*{re.escape(fault)}") as caught:
        parse_keys(text)

    assert ZEROS not in str(caught.value)


@pytest.mark.parametrize(
    "entry", ["{key}", "shop:{key}", "shop:read:{key}", "{key}:read:" + ZEROS, "shop:{key}:" + ZEROS]
)
def test_a_key_in_the_wrong_place_is_not_repeated(entry: str) -> None:
    # Given
    key = new_key()

    # When
    with pytest.raises(ValueError, match="entry 1") as caught:
        parse_keys(entry.format(key=key))

    # Then
    assert key[3:] not in str(caught.value)


@pytest.mark.parametrize("entry", ["{0}:read:{1}", "shop:{0}:read", "{0}", "shop:{0}"])
def test_a_digest_in_the_wrong_place_is_not_repeated(entry: str) -> None:
    hexadecimal = digest(b"a key").hex()

    with pytest.raises(ValueError, match="entry 1") as caught:
        parse_keys(entry.format(hexadecimal, hexadecimal))

    assert hexadecimal not in str(caught.value)


def test_admin_includes_every_scope_and_no_other_does() -> None:
    admin, reader = named("ops", [Scope.ADMIN], "k"), named("shop", [Scope.READ], "k")

    assert all(admin.allows(scope) for scope in Scope)
    assert [scope for scope in Scope if reader.allows(scope)] == [Scope.READ]


def test_a_key_shows_nothing_of_its_digest() -> None:
    key = named("shop", [Scope.READ], "k")

    assert "shop" in repr(key)
    assert repr(key.digest) not in repr(key)
    assert key.digest.hex() not in repr(key)


def test_new_keys_are_long_and_differ() -> None:
    keys = {new_key() for _ in range(100)}

    assert len(keys) == 100
    assert all(re.fullmatch(r"aw_[A-Za-z0-9_-]{43}", key) for key in keys)

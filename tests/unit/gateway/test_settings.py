"""What the gateway is told of API keys, and what it does with a wrong list of them."""

import os

import pytest
from pydantic import ValidationError

from afterwork.api_keys import ApiKey, Scope, digest, named
from afterwork.service import ServiceSettings
from gateway.settings import GatewaySettings

ENTRY = named("shop", [Scope.READ], "a key").entry


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """No setting of whoever runs the tests."""
    for name in os.environ:
        if name.upper().startswith("AFTERWORK_"):
            monkeypatch.delenv(name)


def test_without_the_variable_there_are_no_keys() -> None:
    settings = GatewaySettings.load()

    assert settings.api_keys == ()
    assert settings.gateway.metrics == "key"


def test_keys_are_read_from_text(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AFTERWORK_API_KEYS", ENTRY)

    (key,) = GatewaySettings.load().api_keys

    assert key == ApiKey("shop", frozenset({Scope.READ}), digest(b"a key"))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("AFTERWORK_API_KEYS", ""),  # its last key was revoked, or the file with them is gone
        ("AFTERWORK_API_KEYS", "  ; "),
        ("AFTERWORK_API_KEYS", "[]"),
        ("AFTERWORK_API_KEYS", ENTRY.replace("read", "raed")),
        ("AFTERWORK_API_KEYS", f"{ENTRY} {ENTRY}"),
        ("AFTERWORK_API_KEYS__SHOP", ENTRY),
        ("AFTERWORK_API_KEY", ENTRY),
        ("AFTERWORK_GATEWAY__METRICS", "yes"),
    ],
)
def test_a_fault_stops_the_start_with_one_line_that_shows_no_digest(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], name: str, value: str
) -> None:
    # Given
    monkeypatch.setenv(name, value)

    # When
    with pytest.raises(SystemExit) as ended:
        GatewaySettings.load()

    # Then
    line = capsys.readouterr().err
    assert ended.value.code == 2
    assert line.startswith(f"afterwork: {name}")
    assert line.count("\n") == 1
    assert digest(b"a key").hex() not in line


def test_no_error_or_representation_shows_a_digest(monkeypatch: pytest.MonkeyPatch) -> None:
    # Given
    hexadecimal = digest(b"a key").hex()
    monkeypatch.setenv("AFTERWORK_API_KEYS", f"{ENTRY} {ENTRY}")

    # When
    with pytest.raises(ValidationError) as caught:
        GatewaySettings()
    monkeypatch.setenv("AFTERWORK_API_KEYS", ENTRY)
    shown = repr(GatewaySettings())

    # Then
    assert "two keys have the name shop" in str(caught.value)
    assert hexadecimal[-16:] not in str(caught.value)
    assert "shop" in shown
    assert hexadecimal not in shown
    assert repr(digest(b"a key")) not in shown


def test_the_other_services_leave_the_keys_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AFTERWORK_API_KEYS", "not even keys")

    assert ServiceSettings.load().lease == 15.0

"""Where documents are: every URL that cannot be meant is refused with a sentence that shows nothing of it."""

import os

import pytest

from afterwork.documents.location import driver_url
from gateway.settings import GatewaySettings


@pytest.mark.parametrize(
    ("url", "drivers"),
    [
        ("sqlite:///documents.sqlite", "sqlite+aiosqlite:///documents.sqlite"),
        ("sqlite:////var/lib/documents.sqlite", "sqlite+aiosqlite:////var/lib/documents.sqlite"),
        ("postgresql://user:pass@host:5433/name", "postgresql+asyncpg://user:pass@host:5433/name"),
        ("postgres://host/name", "postgresql+asyncpg://host/name"),
        ("postgresql://u:p%40ss@h/n?ssl=require", "postgresql+asyncpg://u:p%40ss@h/n?ssl=require"),
        ("postgresql:///name?host=/run/postgresql", "postgresql+asyncpg:///name?host=/run/postgresql"),
    ],
)
def test_a_url_becomes_that_of_a_driver(url: str, drivers: str) -> None:
    assert driver_url(url).render_as_string(hide_password=False).replace("%2F", "/") == drivers


@pytest.mark.parametrize(
    ("url", "fault"),
    [
        ("", "is no URL"),
        ("documents.sqlite", "is no URL"),
        ("postgresql://user:s3cret@host:port/name", "is no URL"),
        ("mysql://user:s3cret@host/name", "must begin with"),
        ("postgresql+psycopg2://user:s3cret@host/name", "must begin with"),
        ("sqlite://", "must name a file"),
        ("sqlite:///", "must name a file"),
        ("sqlite:///:memory:", "must name a file"),
        ("sqlite://documents.sqlite", "three slashes"),
        ("sqlite:///documents.sqlite?mode=memory", "three slashes"),
        ("postgresql://user:s3cret@host/name?options=x", "takes no options"),
    ],
)
def test_a_url_that_cannot_be_meant_is_refused(url: str, fault: str) -> None:
    with pytest.raises(ValueError, match=fault) as refused:
        driver_url(url)

    assert "s3cret" not in str(refused.value)


def test_a_wrong_setting_stops_the_start_with_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in [name for name in os.environ if name.startswith("AFTERWORK_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AFTERWORK_DOCUMENTS__URL", "mysql://user:s3cret@host/name")

    with pytest.raises(SystemExit):
        GatewaySettings.load()

    line = "afterwork: AFTERWORK_DOCUMENTS__URL: must begin with sqlite:/// or postgresql://\n"
    assert capsys.readouterr().err == line


def test_the_setting_hides_its_password() -> None:
    settings = GatewaySettings(documents={"url": "postgresql://user:s3cret@host/name"})

    assert "s3cret" not in repr(settings)
    assert settings.documents.url.get_secret_value().endswith("s3cret@host/name")

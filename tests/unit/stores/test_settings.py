import os

import pytest
from pydantic import ValidationError

from afterwork.errors import InvalidKey, ObjectMissing
from afterwork.stores import Stores, StoreSettings
from gateway.settings import GatewaySettings


@pytest.fixture(autouse=True)
def _own_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("AFTERWORK_")]:
        monkeypatch.delenv(name)


@pytest.mark.parametrize(
    ("url", "fault"),
    [
        ("", "must be file:///directory"),
        ("/var/lib", "must be file:///directory"),
        ("http://bucket", "must be file:///directory"),
        ("file://var/lib", "must name an absolute directory"),
        ("file:", "must name an absolute directory"),
        ("memory://a", "must be memory:// and nothing else"),
        ("s3://", "must name a bucket or container"),
        ("s3:///key", "must name a bucket or container"),
        ("s3://me:secret@bucket", "takes neither credentials nor options"),
        ("s3://bucket?region=x", "takes neither credentials nor options"),
    ],
)
def test_a_url_that_names_no_store_is_refused(url: str, fault: str) -> None:
    with pytest.raises(ValidationError, match=fault):
        StoreSettings(url=url)


def test_stores_are_read_from_the_environment_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AFTERWORK_STORES__INBOX__URL", "file:///var/lib/a%20b")
    monkeypatch.setenv("AFTERWORK_STORES__ARCHIVE__URL", "s3://bucket/some/prefix/")
    monkeypatch.setenv("AFTERWORK_STORES__ARCHIVE__ACCESS_KEY_ID", "AKIA")
    monkeypatch.setenv("AFTERWORK_STORES__ARCHIVE__SECRET_ACCESS_KEY", "a secret")

    stores = GatewaySettings.load().stores

    assert stores["inbox"].path == "/var/lib/a b"
    assert (stores["archive"].bucket, stores["archive"].path) == ("bucket", "some/prefix")
    assert "a secret" not in repr(stores)


@pytest.mark.parametrize(
    ("name", "value", "line"),
    [
        (
            "AFTERWORK_STORES__INBOX__URL",
            "nowhere",
            "AFTERWORK_STORES__INBOX__URL: must be file:///directory",
        ),
        ("AFTERWORK_STORES__INBOX__URI", "memory://", "AFTERWORK_STORES__INBOX__URI is not a setting"),
        ("AFTERWORK_STORES__INBOX__REGION", "eu", "AFTERWORK_STORES__INBOX__URL: Field required"),
    ],
)
def test_a_wrong_variable_is_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], name: str, value: str, line: str
) -> None:
    monkeypatch.setenv(name, value)

    with pytest.raises(SystemExit):
        GatewaySettings.load()

    assert line in capsys.readouterr().err


def test_a_half_of_a_credential_is_refused() -> None:
    with pytest.raises(ValidationError, match="are set together or not at all"):
        StoreSettings(url="s3://bucket", access_key_id="AKIA")


async def test_stores_are_found_by_the_names_of_objects() -> None:
    async with Stores.open({"inbox": StoreSettings(url="memory://")}) as stores:
        place = stores.find("inbox/a/b.csv")

        assert (place.store, place.key) == (stores["inbox"], "a/b.csv")
        assert stores.names == ("inbox",)
        for wrong in ("inbox", "inbox/", "inbox/../x", "inbox//x"):
            with pytest.raises(InvalidKey):
                stores.find(wrong)
        with pytest.raises(ObjectMissing, match="no store named 'outbox'"):
            stores.find("outbox/a")


@pytest.mark.parametrize("name", ["", "Upper", "1st", "a/b", "a.b", "x" * 64])
async def test_a_store_without_a_proper_name_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="a store cannot be named"):
        async with Stores.open({name: StoreSettings(url="memory://")}):
            pass

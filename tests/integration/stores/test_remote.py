"""Stores behind a network: when they are not as they should be, and what they are told besides the content."""

import socket
import time
from collections.abc import Iterator

import pytest
from pydantic import SecretStr
from tests.integration.stores.contents import content_of, keys_of, pattern
from tests.object_stores import AzureServer, S3Server

from afterwork.contracts.objects import Tier
from afterwork.errors import ObjectConflict, ObjectMissing, StoreUnavailable
from afterwork.stores import Store, Stores, StoreSettings, Traits

pytestmark = pytest.mark.timeout(300)  # the first of these tests may install Azurite
SECRET = "c2VjcmV0LXdoaWNoLW5vYm9keS1tYXktc2Vl"


@pytest.fixture
def silent() -> Iterator[str]:
    """The address of a server that accepts connections and says nothing."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"


@pytest.fixture
def nobody() -> str:
    """An address at which nobody listens."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{listener.getsockname()[1]}"


def elsewhere(endpoint: str, *, scheme: str = "s3", patience: float = 30) -> StoreSettings:
    """A store at this address."""
    if scheme == "s3":
        credentials = {"access_key_id": "AKIA", "secret_access_key": SecretStr(SECRET), "region": "eu-west-1"}
    else:
        credentials = {"account": "shop", "sas_token": SecretStr(f"sv=2021&sig={SECRET}")}
    return StoreSettings(
        url=f"{scheme}://bucket",
        endpoint=endpoint,
        patience=patience,
        **credentials,
    )


async def everything(store: Store) -> None:
    """Ask for everything; each answer is that the store is unavailable."""
    for asking in (
        store.stat("a"),
        content_of(store, "a"),
        store.write("a", b"content"),
        store.write("a", pattern(20_000_000)),
        keys_of(store),
        store.delete("a"),
    ):
        with pytest.raises(StoreUnavailable, match="store inbox") as refused:
            await asking
        assert SECRET not in str(refused.value)


@pytest.mark.parametrize("scheme", ["s3", "az"])
async def test_a_store_that_is_down_is_unavailable_within_seconds(
    nobody: str, scheme: str, caplog: pytest.LogCaptureFixture
) -> None:
    began = time.monotonic()

    async with Stores.open({"inbox": elsewhere(nobody, scheme=scheme)}) as stores:
        await everything(stores["inbox"])

    assert time.monotonic() - began < 6 * 12
    assert "store inbox" in caplog.text
    assert SECRET not in caplog.text
    assert "Traceback" not in caplog.text


async def test_a_store_that_says_nothing_is_unavailable_when_patience_ends(silent: str) -> None:
    async with Stores.open({"inbox": elsewhere(silent, patience=0.3)}) as stores:
        began = time.monotonic()
        with pytest.raises(StoreUnavailable):
            await stores["inbox"].stat("a")

        assert 0.3 <= time.monotonic() - began < 12


@pytest.mark.parametrize("cloud", ["s3", "azure"])
async def test_a_bucket_that_does_not_exist_is_no_missing_object(
    cloud: str, request: pytest.FixtureRequest
) -> None:
    server: S3Server | AzureServer = request.getfixturevalue(cloud)

    async with Stores.open({"inbox": server.store("no-such-bucket")}) as stores:
        await everything(stores["inbox"])


async def test_wrong_credentials_are_said_to_be_refused(
    azure: AzureServer, caplog: pytest.LogCaptureFixture
) -> None:
    container = azure.new_store().bucket

    async with Stores.open({"inbox": azure.store(container, key=SECRET)}) as stores:
        await everything(stores["inbox"])

    assert "403" in caplog.text
    assert SECRET not in caplog.text


async def test_settings_that_cannot_be_used_are_told_without_secrets(azure: AzureServer) -> None:
    with pytest.raises(StoreUnavailable, match="store inbox: its settings cannot be used") as refused:
        async with Stores.open({"inbox": azure.store("container", key="no base64!")}):
            pass

    assert "base64!" not in str(refused.value)


@pytest.mark.parametrize(
    ("tier", "storage_class"),
    [(Tier.COOL, "STANDARD_IA"), (Tier.COLD, "GLACIER_IR"), (Tier.ARCHIVE, "GLACIER")],
)
@pytest.mark.parametrize("size", [5, 9_000_000])
async def test_s3_is_told_the_storage_class(s3: S3Server, tier: Tier, storage_class: str, size: int) -> None:
    settings = s3.new_store()
    async with Stores.open({"inbox": settings}) as stores:
        await stores["inbox"].write("a", pattern(size), Traits(tier=tier))

        assert (await stores["inbox"].stat("a")).tier is tier
    assert s3.storage_classes(settings) == [storage_class]


@pytest.mark.parametrize("tier", list(Tier))
@pytest.mark.parametrize("size", [5, 9_000_000])
async def test_azure_is_told_the_tier(azure: AzureServer, tier: Tier, size: int) -> None:
    settings = azure.new_store()
    async with Stores.open({"inbox": settings}) as stores:
        await stores["inbox"].write("a", pattern(size), Traits(tier=tier))

        assert (await stores["inbox"].stat("a")).tier is tier
    assert azure.head(settings, "a")["x-ms-access-tier"].lower() == tier


@pytest.mark.parametrize("cloud", ["s3", "azure"])
async def test_what_is_archived_has_to_be_restored_before_it_can_be_read(
    cloud: str, request: pytest.FixtureRequest
) -> None:
    server: S3Server | AzureServer = request.getfixturevalue(cloud)
    async with Stores.open({"inbox": server.new_store()}) as stores:
        await stores["inbox"].write("a", b"content", Traits(tier=Tier.ARCHIVE))

        assert (await stores["inbox"].stat("a")).size == 7
        with pytest.raises(ObjectConflict, match="inbox/a is archived"):
            await content_of(stores["inbox"], "a")


async def test_what_others_have_put_into_a_bucket_under_no_key_of_ours_is_not_seen(s3: S3Server) -> None:
    settings = s3.new_store()
    for key in ("folder/", "good", ".afterwork/x", "back%5Cslash"):
        s3.put(settings, key, b"")

    async with Stores.open({"inbox": settings}) as stores:
        assert await keys_of(stores["inbox"]) == ["good"]


async def test_an_object_that_nobody_can_name_here_is_said_to_be_in_the_way(s3: S3Server) -> None:
    settings = s3.new_store()
    s3.put(settings, "a//b", b"")

    async with Stores.open({"inbox": settings}) as stores:
        with pytest.raises(StoreUnavailable, match="holds an object whose key cannot be here"):
            await keys_of(stores["inbox"])


async def test_a_prefix_keeps_two_stores_in_one_bucket_apart(s3: S3Server) -> None:
    one = s3.new_store("one")
    two = s3.store(one.bucket, "two")

    async with Stores.open({"one": one, "two": two}) as stores:
        await stores["one"].write("a", b"content")

        assert await keys_of(stores["two"]) == []
        with pytest.raises(ObjectMissing):
            await stores["two"].stat("a")
    assert s3.keys(one) == ["one/a"]


async def test_many_objects_are_listed_to_the_last(s3: S3Server) -> None:
    settings = s3.new_store()
    names = [f"{number:04}" for number in range(1005)]
    for name in names:
        s3.put(settings, name, b"x")

    async with Stores.open({"inbox": settings}) as stores:
        assert await keys_of(stores["inbox"]) == names
        assert await keys_of(stores["inbox"], after="0599") == names[600:]

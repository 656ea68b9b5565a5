"""Between directories, memory, S3 and Azure: the same bytes, the tier as the cloud knows it, nothing left behind."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from tests.archiving import JOB, Archive, content, everything, fill, keys
from tests.object_stores import AzureServer, S3Server

from afterwork.contracts.objects import Tier
from afterwork.errors import ObjectConflict
from afterwork.stores import Stores, StoreSettings, Traits

MIB = 1024 * 1024
ODD = ["a b", "ü/ß", "50%", "%2e%2e", "a+b&c=d", "日本/語", "#1?", "quote'\"", "~tilde", "CASE", "case"]
PAIRS = [
    ("local", "local"),
    ("local", "s3"),
    ("local", "azure"),
    ("s3", "local"),
    ("azure", "local"),
    ("s3", "azure"),
    ("azure", "s3"),
    ("memory", "local"),
]


@pytest.fixture
def kinds(request: pytest.FixtureRequest) -> tuple[str, str]:
    """Source and destination, to be given by the test."""
    found: tuple[str, str] = request.param
    return found


@pytest.fixture
def settings(
    request: pytest.FixtureRequest, kinds: tuple[str, str], tmp_path: Path
) -> dict[str, StoreSettings]:
    """The stores inbox and archive of these kinds, and receipts."""
    made = {"receipts": StoreSettings(url=f"file://{tmp_path}/receipts")}
    for name, kind in zip(("inbox", "archive"), kinds, strict=True):
        if kind == "local":
            made[name] = StoreSettings(url=f"file://{tmp_path}/{name}")
        elif kind == "memory":
            made[name] = StoreSettings(url="memory://")
        else:
            server: S3Server | AzureServer = request.getfixturevalue(kind)
            made[name] = server.new_store()
    return made


@pytest.fixture
async def archive(settings: dict[str, StoreSettings]) -> AsyncIterator[Archive]:
    async with Stores.open(settings) as stores:
        yield Archive(stores)


@pytest.mark.parametrize("kinds", PAIRS, indirect=True, ids="-".join)
async def test_objects_arrive_as_they_are(archive: Archive) -> None:
    # given small ones with odd keys, an empty one, and one of several parts
    inbox, vault = archive.stores["inbox"], archive.stores["archive"]
    await fill(inbox, {f"in/{key}": key.encode() for key in ODD} | {"in/empty": b""})
    large = bytes(range(256)) * (20 * MIB // 256) + b"tail"
    await inbox.write("in/large", large, Traits("image/png", {"color": "red"}))

    # when
    result = await archive.done(source="inbox/in/", destination="archive/out/", tier="hot")

    # then
    expected = {f"out/{key}": key.encode() for key in ODD} | {"out/empty": b"", "out/large": large}
    assert await everything(vault) == expected
    there = await vault.stat("out/large")
    assert (there.content_type, there.metadata["color"], there.tier) == ("image/png", "red", Tier.HOT)
    assert result.objects.copied == len(expected)
    _, entries = await archive.manifest()
    assert {entry.destination for entry in entries} == {f"archive/{key}" for key in expected}

    # and the same job once more copies nothing, nor does another one
    assert (
        await archive.done(source="inbox/in/", destination="archive/out/", tier="hot")
    ).objects.copied == len(expected)
    again = await archive.done(source="inbox/in/", destination="archive/out/", tier="hot", job_id="another")
    assert (again.objects.copied, again.objects.skipped) == (0, len(expected))


@pytest.mark.parametrize(
    ("tier", "storage_class"), [("cool", "STANDARD_IA"), ("cold", "GLACIER_IR"), ("archive", "GLACIER")]
)
@pytest.mark.parametrize("kinds", [("local", "s3")], indirect=True, ids="-".join)
async def test_s3_knows_the_tier(
    archive: Archive, settings: dict[str, StoreSettings], s3: S3Server, tier: str, storage_class: str
) -> None:
    await fill(archive.stores["inbox"], {"small": b"x", "large": b"x" * (9 * MIB)})

    await archive.done(source="inbox/", destination="archive/", tier=tier)

    assert s3.storage_classes(settings["archive"]) == [storage_class, storage_class]
    assert s3.keys(settings["archive"]) == ["large", "small"]
    assert s3.uploads(settings["archive"]) == []


@pytest.mark.parametrize(
    ("tier", "access_tier"), [("cool", "Cool"), ("cold", "Cold"), ("archive", "Archive")]
)
@pytest.mark.parametrize("kinds", [("local", "azure")], indirect=True, ids="-".join)
async def test_azure_knows_the_tier(
    archive: Archive, settings: dict[str, StoreSettings], azure: AzureServer, tier: str, access_tier: str
) -> None:
    await fill(archive.stores["inbox"], {"small": b"x", "large": b"x" * (9 * MIB)})

    await archive.done(source="inbox/", destination="archive/", tier=tier)

    for key in ("small", "large"):
        assert azure.head(settings["archive"], key)["x-ms-access-tier"] == access_tier
    assert await keys(archive.stores["archive"]) == ["large", "small"]


@pytest.mark.parametrize("kinds", [("local", "s3"), ("local", "azure")], indirect=True, ids="-".join)
async def test_what_is_archived_cannot_be_read_and_still_is_not_copied_again(archive: Archive) -> None:
    # given
    inbox, vault = archive.stores["inbox"], archive.stores["archive"]
    await fill(inbox, {"a": b"hello"})
    await archive.done(source="inbox/a", destination="archive/")
    before = await vault.stat("a")
    with pytest.raises(ObjectConflict, match="archived"):
        await content(vault, "a")

    # when another job archives the same, also from another place
    await fill(inbox, {"b": b"hello"})
    same = await archive.done(source="inbox/a", destination="archive/", job_id="second")
    other = await archive.done(source="inbox/b", destination="archive/a", job_id="third")

    # then what was recorded with it is enough to tell
    assert (same.objects.skipped, other.objects.skipped) == (1, 1)
    assert await vault.stat("a") == before


@pytest.mark.parametrize("kinds", [("local", "s3"), ("local", "azure")], indirect=True, ids="-".join)
async def test_a_source_stays_while_nobody_can_read_what_is_said_to_be_its_copy(archive: Archive) -> None:
    # given
    inbox, vault = archive.stores["inbox"], archive.stores["archive"]
    await fill(inbox, {"a": b"hello"})
    await archive.done(source="inbox/a", destination="archive/")
    before = await vault.stat("a")

    # when another job would move it
    move = {"source": "inbox/a", "destination": "archive/", "delete_source": "after_verify"}
    detail = await archive.failed(**move, job_id="second")

    # then it is told why it may not
    assert "archived and has to be restored first" in detail
    assert await keys(inbox) == ["a"]
    assert await vault.stat("a") == before


@pytest.mark.parametrize("kinds", [("local", "s3")], indirect=True, ids="-".join)
async def test_a_copy_that_nobody_can_read_is_made_again_before_its_source_goes(archive: Archive) -> None:
    # given a copy that says it is of this job
    inbox, vault = archive.stores["inbox"], archive.stores["archive"]
    await fill(inbox, {"a": b"hello"})
    said = {
        "afterwork-job": JOB,
        "afterwork-sha256": "00",
        "afterwork-source-etag": (await inbox.stat("a")).etag,
    }
    await vault.write("a", b"jello", Traits(metadata=said, tier=Tier.ARCHIVE))
    before = await vault.stat("a")

    # when
    result = await archive.done(source="inbox/a", destination="archive/", delete_source="after_verify")

    # then
    assert (result.objects.copied, result.deleted) == (1, 1)
    assert await keys(inbox) == []
    assert (await vault.stat("a")).etag != before.etag


@pytest.mark.parametrize("kinds", [("local", "azure")], indirect=True, ids="-".join)
async def test_where_an_unreadable_copy_cannot_be_made_again_its_source_stays(archive: Archive) -> None:
    await fill(archive.stores["inbox"], {"a": b"hello"})
    await archive.done(source="inbox/a", destination="archive/")

    detail = await archive.retried(source="inbox/a", destination="archive/", delete_source="after_verify")

    assert "archived and has to be restored first" in detail
    assert await keys(archive.stores["inbox"]) == ["a"]


@pytest.mark.parametrize("kinds", [("s3", "local"), ("azure", "local")], indirect=True, ids="-".join)
async def test_a_source_that_is_archived_itself_fails_clearly(archive: Archive) -> None:
    await archive.stores["inbox"].write("a", b"hello", Traits(tier=Tier.ARCHIVE))

    detail = await archive.retried(source="inbox/a", destination="archive/")

    assert "inbox/a is archived and has to be restored first" in detail
    assert await keys(archive.stores["archive"]) == []

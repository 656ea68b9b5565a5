"""The receipt of a job: where it is kept, and what becomes of the job when it cannot be."""

import asyncio
import json
from datetime import UTC, datetime
from pathlib import Path

from tests.integration.notifier.conftest import Notifier, is_retried
from tests.mail_servers import mail_server

from afterwork.contracts.notifier import NotificationReceipt, SendNotification
from afterwork.stores import Stores, StoreSettings
from afterwork.testing import Reported
from notifier.receipts import Receipts

ONE = SendNotification(to=["mailto:ada@x.test"], text="hi")
NOW = datetime(2026, 1, 31, tzinfo=UTC)
RECEIPT = NotificationReceipt(
    job_id="one", started_at=NOW, finished_at=NOW, targets=[], receipt="receipts/one.json"
)


async def test_a_receipt_is_an_object_like_any_other(tmp_path: Path) -> None:
    for settings, directory in (
        (StoreSettings(url=tmp_path.as_uri()), tmp_path),
        (StoreSettings(url="memory://"), None),
    ):
        async with Stores.open({"receipts": settings}) as stores:
            receipts = Receipts(stores["receipts"], directory)

            # when it is written, and again by another attempt
            await receipts.write(RECEIPT.model_copy(update={"finished_at": NOW.replace(year=2025)}))
            await receipts.write(RECEIPT)

            # then the store has one object with the latest
            assert [info.key async for info in stores["receipts"].list()] == ["one.json"]
            async with stores["receipts"].read("one.json") as reader:
                content = b"".join([chunk async for chunk in reader.chunks()])
            assert NotificationReceipt.model_validate_json(content) == RECEIPT
            assert receipts.name("one") == "receipts/one.json"


async def test_whoever_looks_meanwhile_finds_a_whole_receipt(tmp_path: Path) -> None:
    async with Stores.open({"receipts": StoreSettings(url=tmp_path.as_uri())}) as stores:
        receipts = Receipts(stores["receipts"], tmp_path)
        await receipts.write(RECEIPT)
        writing = asyncio.gather(*(receipts.write(RECEIPT) for _ in range(200)))

        while not writing.done():
            assert json.loads((tmp_path / "one.json").read_bytes())["job_id"] == "one"
            assert [info.key async for info in stores["receipts"].list()] == ["one.json"]
            await asyncio.sleep(0)

    assert list((tmp_path / ".afterwork" / "writing").iterdir()) == []


async def test_a_service_without_a_store_for_receipts_writes_none() -> None:
    receipts = Receipts(None)

    assert receipts.name("one") is None
    await receipts.write(RECEIPT)


async def test_a_receipt_that_cannot_be_written_is_tried_again_and_no_mail_is_sent_twice(
    notifier: Notifier,
) -> None:
    # given a place where no receipt can be: a folder has its name
    blocked = notifier.receipts / "00000000-0000-7000-8000-000000000000.json"
    blocked.mkdir(parents=True)
    reported = Reported()
    async with mail_server() as server:
        notifier.uses(server.port)

        # when the job is tried
        first = await notifier.attempt(ONE, reported=reported)
        assert is_retried(first)

        # then the last attempt ends well without it, and says so
        receipt = await notifier.receipt(ONE, attempt=ONE.meta.max_attempts, earlier=reported)

        assert receipt.receipt is None
        assert [one.status for one in receipt.targets] == ["sent"]

        # and one in between writes it, as soon as it can be
        blocked.rmdir()
        receipt = await notifier.receipt(ONE, attempt=2, earlier=reported)

    assert receipt.receipt
    assert blocked.is_file()
    assert server.recipients == ["ada@x.test"]

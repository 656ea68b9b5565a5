"""One mail, its recipients, and what is known of each of them afterwards."""

import json

from tests.integration.notifier.conftest import Notifier, is_retried, problem
from tests.mail_servers import MailServer, mail_server

from afterwork.contracts.notifier import SendNotification, TargetStatus
from afterwork.testing import Reported

SENT, FAILED, SKIPPED = TargetStatus.SENT, TargetStatus.FAILED, TargetStatus.SKIPPED
JOB = "00000000-0000-7000-8000-000000000000"
THREE = ["mailto:ada@x.test", "mailto:bob@x.test", "mailto:cyd@x.test"]


async def test_a_mail_reaches_all_its_recipients_and_the_receipt_says_so(notifier: Notifier) -> None:
    # given
    job = SendNotification(
        to=THREE[:1], cc=["Bob <bob@x.test>"], bcc=["cyd@x.test"], subject="Hello", text="Dear all"
    )
    async with mail_server() as server:
        notifier.uses(server.port)

        # when
        receipt = await notifier.receipt(job)

    # then one message went out, which names nobody who is not to be seen
    (delivered,) = server.delivered
    assert (delivered.sender, delivered.recipients) == (
        "shop@example.com",
        ("ada@x.test", "bob@x.test", "cyd@x.test"),
    )
    message = delivered.message
    assert (message["To"], message["Cc"], message["Bcc"]) == ("ada@x.test", "Bob <bob@x.test>", None)
    assert (message["From"], message["Subject"]) == ("shop@example.com", "Hello")
    assert message["Message-ID"] == f"<{JOB}@example.com>"
    assert message.get_content().splitlines() == ["Dear all"]
    assert b"cyd" not in delivered.content

    # and each recipient stands in the receipt, which is also an object
    assert [(one.target, one.status, one.code) for one in receipt.targets] == [
        ("mailto:ada@x.test", SENT, 250),
        ("mailto:bob@x.test", SENT, 250),
        ("mailto:cyd@x.test", SENT, 250),
    ]
    assert {one.message_id for one in receipt.targets} == {f"<{JOB}@example.com>"}
    assert all(one.sent_at and one.sent_at <= receipt.finished_at for one in receipt.targets)
    assert receipt.receipt == f"receipts/{JOB}.json"
    assert json.loads((notifier.receipts / f"{JOB}.json").read_text()) == receipt.model_dump(mode="json")


async def test_one_of_three_recipients_is_refused_and_the_others_are_served(notifier: Notifier) -> None:
    async with mail_server(MailServer(rcpt={"bob@x.test": ["550 5.1.1 no such user"]})) as server:
        notifier.uses(server.port)

        receipt = await notifier.receipt(SendNotification(to=THREE, text="hi"))

    assert server.recipients == ["ada@x.test", "cyd@x.test"]
    assert [one.status for one in receipt.targets] == [SENT, FAILED, SENT]
    assert (receipt.targets[1].code, receipt.targets[1].detail) == (550, "5.1.1 no such user")
    assert (receipt.targets[1].sent_at, receipt.targets[1].message_id) == (None, None)


async def test_a_recipient_who_is_put_off_is_tried_again_and_nobody_else(notifier: Notifier) -> None:
    # given a server that greylists one of three
    rcpt = {"bob@x.test": ["450 4.2.0 greylisted", "250 ok"]}
    async with mail_server(MailServer(rcpt=rcpt)) as server:
        notifier.uses(server.port)
        reported = Reported()

        # when the job is tried
        first = await notifier.attempt(SendNotification(to=THREE, text="hi"), reported=reported)

        # then there is a next attempt
        assert is_retried(first)
        assert problem(first) == "Deferred: 1 to be tried again: mailto:bob@x.test: 450 4.2.0 greylisted"

        # and that serves only whom the first has not served
        receipt = await notifier.receipt(SendNotification(to=THREE, text="hi"), attempt=2, earlier=reported)

    assert server.recipients == ["ada@x.test", "cyd@x.test", "bob@x.test"]
    assert [one.status for one in receipt.targets] == [SENT, SENT, SENT]
    assert [one.message["Message-ID"] for one in server.delivered] == [f"<{JOB}@example.com>"] * 2


async def test_who_is_put_off_in_the_last_attempt_has_failed(notifier: Notifier) -> None:
    async with mail_server(MailServer(rcpt={"bob@x.test": ["450 4.2.0 greylisted"]})) as server:
        notifier.uses(server.port)

        receipt = await notifier.receipt(SendNotification(to=THREE, text="hi"), attempt=12)

    assert [(one.status, one.code) for one in receipt.targets] == [(SENT, 250), (FAILED, 450), (SENT, 250)]


async def test_a_job_of_which_nothing_was_sent_has_failed_and_its_receipt_says_why(
    notifier: Notifier,
) -> None:
    rcpt = {f"{name}@x.test": ["550 5.1.1 no such user"] for name in ("ada", "bob", "cyd")}
    async with mail_server(MailServer(rcpt=rcpt)) as server:
        notifier.uses(server.port)

        outcome = await notifier.attempt(SendNotification(to=THREE, text="hi"))

    assert not is_retried(outcome)
    assert (
        problem(outcome) == "nothing was sent to mailto:ada@x.test (550 5.1.1 no such user), nor to 2 others"
    )
    written = json.loads((notifier.receipts / f"{JOB}.json").read_text())
    assert [one["status"] for one in written["targets"]] == ["failed"] * 3


async def test_who_was_refused_is_asked_again_when_somebody_retries_the_job(notifier: Notifier) -> None:
    # given a job that has failed for one, and that begins anew
    rcpt = {"bob@x.test": ["550 5.1.1 no such user", "250 ok"]}
    reported = Reported()
    async with mail_server(MailServer(rcpt=rcpt)) as server:
        notifier.uses(server.port)
        await notifier.attempt(SendNotification(to=THREE, text="hi"), reported=reported)

        # when
        receipt = await notifier.receipt(SendNotification(to=THREE, text="hi"), earlier=reported)

    # then who was served is not served again
    assert server.recipients == ["ada@x.test", "cyd@x.test", "bob@x.test"]
    assert [one.status for one in receipt.targets] == [SENT, SENT, SENT]


async def test_who_is_named_twice_is_served_once(notifier: Notifier) -> None:
    async with mail_server() as server:
        notifier.uses(server.port)

        receipt = await notifier.receipt(
            SendNotification(to=["mailto:ada@x.test", "mailto:ada@X.test"], bcc=["ada@x.test"], text="hi")
        )

    assert server.recipients == ["ada@x.test"]
    assert [one.status for one in receipt.targets] == [SENT, SKIPPED, SKIPPED]


async def test_a_thousand_recipients_are_served_by_a_server_that_takes_few_at_a_time(
    notifier: Notifier,
) -> None:
    names = [f"r{number}@x.test" for number in range(1000)]
    job = SendNotification(to=[f"mailto:{name}" for name in names], text="hi")
    reported = Reported()
    async with mail_server(MailServer(most=30)) as server:
        notifier.uses(server.port)

        receipt = await notifier.attempt(job, reported=reported)

    assert sorted(server.recipients) == sorted(names)
    assert max(len(one.recipients) for one in server.delivered) == 30
    assert server.connections <= 4
    assert not is_retried(receipt)
    # each transaction is known before the next one begins, and the last checkpoint knows all
    assert len(reported.checkpoints) >= 30
    assert sum(len(group[1]) for group in reported.checkpoints[-1]) == 1000


async def test_attached_are_what_the_job_carries_and_what_is_in_a_store(notifier: Notifier) -> None:
    # given an object
    await notifier.stores["inbox"].write("2026/rechnung.pdf", b"%PDF-1.7 \r\n.\r\n\x00\xff")
    job = SendNotification.model_validate(
        {
            "to": ["mailto:ada@x.test"],
            "text": "see below",
            "attachments": [
                {"object": "inbox/2026/rechnung.pdf", "content_type": "application/pdf"},
                {"name": "übung.txt", "content_type": "text/plain", "base64": "aGVsbG8="},
            ],
        }
    )
    async with mail_server() as server:
        notifier.uses(server.port)

        await notifier.receipt(job)

    first, second = server.delivered[0].message.iter_attachments()
    assert (first.get_filename(), first.get_content_type()) == ("rechnung.pdf", "application/pdf")
    assert first.get_payload(decode=True) == b"%PDF-1.7 \r\n.\r\n\x00\xff"
    assert (second.get_filename(), second.get_content()) == ("übung.txt", "hello")


async def test_an_attachment_that_is_missing_fails_the_job_before_anything_is_sent(
    notifier: Notifier,
) -> None:
    job = SendNotification.model_validate(
        {"to": ["mailto:ada@x.test"], "text": "hi", "attachments": [{"object": "inbox/none.pdf"}]}
    )
    async with mail_server() as server:
        notifier.uses(server.port)

        outcome = await notifier.attempt(job)

    assert not is_retried(outcome)
    assert problem(outcome) == "attachments/0: there is no object inbox/none.pdf"
    assert server.delivered == []


async def test_without_a_mail_server_the_job_says_what_is_to_be_set(notifier: Notifier) -> None:
    outcome = await notifier.attempt(SendNotification(to=THREE[:1], text="hi"))

    assert is_retried(outcome)
    assert "AFTERWORK_SMTP__HOST" in problem(outcome)

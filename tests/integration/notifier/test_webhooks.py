"""Webhooks: what is posted, by what it can be verified, and which answers are the last word."""

import base64
import hashlib
import hmac
import json
import socket
import time
from collections.abc import Sequence

import pytest
from tests.integration.notifier.conftest import KEY, Notifier, is_retried, problem
from tests.mail_servers import MailServer, mail_server
from tests.web_servers import OK, endlessly, redirect, slowly, web_server

from afterwork.contracts.notifier import SendNotification, TargetStatus
from afterwork.egress import Egress
from afterwork.testing import Reported
from notifier.message import Letter
from notifier.replies import by_smtp
from notifier.settings import SmtpSettings
from notifier.smtp import Mailer, Note

JOB = "00000000-0000-7000-8000-000000000000"
LAST = SendNotification.meta.max_attempts
SENT, FAILED, SKIPPED = TargetStatus.SENT, TargetStatus.FAILED, TargetStatus.SKIPPED


def to(*targets: str) -> SendNotification:
    return SendNotification(to=list(targets), subject="Grüße", text="hi")


def answer(status: int) -> bytes:
    return f"HTTP/1.1 {status} Whatever\r\nContent-Length: 0\r\n\r\n".encode()


async def test_a_webhook_gets_the_notification_signed(notifier: Notifier) -> None:
    async with web_server() as server:
        receipt = await notifier.receipt(to(f"http://127.0.0.1:{server.port}/hooks/T0P-S3CRET?token=abc"))

    # then the body says it all
    (request,) = server.requests
    assert request.line == "POST /hooks/T0P-S3CRET?token=abc HTTP/1.1"
    assert json.loads(request.body) == {
        "type": "notification.send",
        "job_id": JOB,
        "data": {"subject": "Grüße", "text": "hi", "html": None},
    }

    # and can be verified as Standard Webhooks says
    timestamp = request.headers["webhook-timestamp"]
    signed = f"{request.headers['webhook-id']}.{timestamp}.".encode() + request.body
    expected = base64.b64encode(hmac.digest(KEY, signed, hashlib.sha256)).decode()
    assert request.headers["webhook-signature"] == f"v1,{expected}"
    assert abs(int(timestamp) - time.time()) < 60

    # and the receipt keeps the secret of its address
    (target,) = receipt.targets
    assert (target.target, target.status, target.code) == (f"http://127.0.0.1:{server.port}/…", SENT, 200)
    assert "S3CRET" not in (notifier.receipts / f"{JOB}.json").read_text()


async def test_the_id_of_a_webhook_is_the_same_in_every_attempt_and_another_for_every_target(
    notifier: Notifier,
) -> None:
    async with web_server(answer(503), answer(503), OK) as server:
        job = to(f"http://127.0.0.1:{server.port}/a", f"http://127.0.0.1:{server.port}/b")
        assert is_retried(await notifier.attempt(job))

        await notifier.receipt(job, attempt=2)

    ids = {request.line.split()[1]: set[str]() for request in server.requests}
    for request in server.requests:
        ids[request.line.split()[1]].add(request.headers["webhook-id"])
    assert len(server.requests) == 4
    assert ids == {"/a": {f"{JOB}-0"}, "/b": {f"{JOB}-1"}}


@pytest.mark.parametrize("status", [200, 201, 202, 204])
async def test_every_2xx_is_taken_as_sent(notifier: Notifier, status: int) -> None:
    async with web_server(answer(status)) as server:
        receipt = await notifier.receipt(to(f"http://127.0.0.1:{server.port}/"))

    assert (receipt.targets[0].status, receipt.targets[0].code) == (SENT, status)


@pytest.mark.parametrize("status", [408, 425, 429, 500, 502, 503, 504])
async def test_what_may_be_better_later_is_tried_again(notifier: Notifier, status: int) -> None:
    async with web_server(answer(status)) as server:
        outcome = await notifier.attempt(to(f"http://127.0.0.1:{server.port}/"))

    assert is_retried(outcome)
    assert str(status) in problem(outcome)


@pytest.mark.parametrize("status", [400, 401, 403, 404, 405, 410, 413, 422])
async def test_what_the_receiver_refuses_is_not_tried_again(notifier: Notifier, status: int) -> None:
    async with web_server(answer(status)) as server:
        outcome = await notifier.attempt(to(f"http://127.0.0.1:{server.port}/"))

    assert not is_retried(outcome)
    assert str(status) in problem(outcome)


async def test_a_redirect_is_not_followed_wherever_it_leads(notifier: Notifier) -> None:
    async with web_server() as secret, web_server(redirect(f"http://127.0.0.1:{secret.port}/")) as server:
        outcome = await notifier.attempt(to(f"http://127.0.0.1:{server.port}/"))

    assert not is_retried(outcome)
    assert "302: redirects are not followed" in problem(outcome)
    assert secret.connections == 0


@pytest.mark.parametrize(
    "url",
    [
        "https://169.254.169.254/latest/meta-data/iam",
        "https://[::ffff:127.0.0.1]/",
        "https://localhost/",
        "https://2130706433/",
        "https://0177.0.0.1/",
        "http://example.com/",
    ],
)
async def test_no_webhook_goes_to_an_internal_address_or_in_clear(notifier: Notifier, url: str) -> None:
    async def resolve(host: str, _port: int) -> list[str]:
        known = {"localhost": "127.0.0.1", "example.com": "93.184.216.34", "2130706433": "127.0.0.1"}
        return [known.get(host, host)]

    notifier.egress = Egress(resolve=resolve)

    outcome = await notifier.attempt(to(url))

    assert not is_retried(outcome)
    assert "nothing was sent to http" in problem(outcome)
    assert "iam" not in problem(outcome)


async def test_a_name_that_leads_to_loopback_gets_nothing_and_the_others_do(notifier: Notifier) -> None:
    async with web_server() as server:

        async def resolve(host: str, _port: int) -> list[str]:
            return ["127.0.0.2" if host == "sneaky.test" else "127.0.0.1"]

        notifier.egress = Egress((f"hook.test:{server.port}",), resolve=resolve)

        receipt = await notifier.receipt(
            to(f"http://sneaky.test:{server.port}/x", f"http://hook.test:{server.port}/x")
        )

    assert [one.status for one in receipt.targets] == [FAILED, SENT]
    assert "sneaky.test" in str(receipt.targets[0].detail)
    assert len(server.requests) == 1


async def test_a_receiver_that_is_not_there_is_tried_again(notifier: Notifier) -> None:
    with socket.create_server(("127.0.0.1", 0)) as gone:
        port = gone.getsockname()[1]

    outcome = await notifier.attempt(to(f"http://127.0.0.1:{port}/"))

    assert is_retried(outcome)
    assert "ConnectError" in problem(outcome)


async def test_a_receiver_that_answers_drop_by_drop_is_given_up_in_time(notifier: Notifier) -> None:
    async with web_server(slowly) as server:
        began = time.monotonic()

        outcome = await notifier.attempt(to(f"http://127.0.0.1:{server.port}/"))

    assert is_retried(outcome)
    assert "ReadTimeout" in problem(outcome)
    assert time.monotonic() - began < 5


async def test_an_answer_without_end_is_not_read(notifier: Notifier) -> None:
    async with web_server(endlessly) as server:
        receipt = await notifier.receipt(to(f"http://127.0.0.1:{server.port}/"))

    assert receipt.targets[0].status is SENT


async def test_a_host_that_cannot_be_read_is_refused_and_the_others_are_served(notifier: Notifier) -> None:
    async with web_server() as hooks, mail_server() as mail:
        notifier.uses(mail.port)

        receipt = await notifier.receipt(
            to("https://xn--a/S3CRET", "mailto:good@example.test", f"http://127.0.0.1:{hooks.port}/")
        )

    assert [one.status for one in receipt.targets] == [FAILED, SENT, SENT]
    assert "no address that can be called: " in str(receipt.targets[0].detail)
    assert "S3CRET" not in str(receipt.targets[0].detail)
    assert mail.recipients == ["good@example.test"]


async def test_whatever_breaks_at_one_target_is_tried_again_and_the_others_are_served(
    notifier: Notifier,
) -> None:
    async def resolve(host: str, _port: int) -> list[str]:
        if host == "broken.test":
            raise RuntimeError("S3CRET")
        return [host]

    reported = Reported()
    async with web_server() as hooks, mail_server() as mail:
        notifier.egress = Egress(("127.0.0.1",), resolve=resolve)
        notifier.uses(mail.port)
        job = to("https://broken.test/", "mailto:good@example.test", f"http://127.0.0.1:{hooks.port}/")

        outcome = await notifier.attempt(job, reported=reported)
        receipt = await notifier.receipt(job, attempt=LAST, earlier=reported)

    assert is_retried(outcome)
    assert "could not be tried: RuntimeError" in problem(outcome)
    assert [one.status for one in receipt.targets] == [FAILED, SENT, SENT]
    assert (mail.recipients, len(hooks.requests)) == (["good@example.test"], 1)


class BrokenMailer(Mailer):
    """Breaks in a way that nobody has thought of, after two of three recipients."""

    async def send(self, letter: Letter, recipients: Sequence[str], note: Note) -> None:
        if len(recipients) == 3:
            await note({recipients[0]: by_smtp(450, "busy"), recipients[1]: by_smtp(250, "ok")})
        raise RuntimeError(letter.message_id)


async def test_mail_that_breaks_stops_no_webhook_and_keeps_what_was_answered(notifier: Notifier) -> None:
    reported = Reported()
    async with web_server() as hooks:
        notifier.mailer = BrokenMailer(SmtpSettings())
        job = to(*(f"mailto:{name}@x.test" for name in "abc"), f"http://127.0.0.1:{hooks.port}/")

        outcome = await notifier.attempt(job, reported=reported)
        receipt = await notifier.receipt(job, attempt=LAST, earlier=reported)

    assert is_retried(outcome)
    assert "2 to be tried again: mailto:a@x.test: 450 busy" in problem(outcome)
    assert [one.status for one in receipt.targets] == [FAILED, SENT, FAILED, SENT]
    assert receipt.targets[2].detail == "could not be tried: RuntimeError"
    assert len(hooks.requests) == 1


class Forgetful(Reported):
    """Loses the first checkpoint, and says so."""

    def __init__(self) -> None:
        super().__init__()
        self.is_lost = False

    async def checkpoint(self, value: object) -> None:
        if not self.is_lost:
            self.is_lost = True
            raise ConnectionError("the checkpoint is lost")
        await super().checkpoint(value)


async def test_a_checkpoint_that_cannot_be_kept_is_not_taken_for_a_fault_of_the_mail(
    notifier: Notifier,
) -> None:
    notifier.mailer = BrokenMailer(SmtpSettings())
    job = to(*(f"mailto:{name}@x.test" for name in "abc"))

    outcome = await notifier.attempt(job, reported=Forgetful())

    assert is_retried(outcome)
    assert "the checkpoint is lost" in problem(outcome)


async def test_mail_and_webhooks_of_one_job_do_not_wait_for_each_other(notifier: Notifier) -> None:
    # given a mail server that refuses for now
    reported = Reported()
    async with (
        web_server() as hooks,
        mail_server(MailServer(rcpt={"ada@x.test": ["450 later", "250 ok"]})) as mail,
    ):
        notifier.uses(mail.port)
        job = to("mailto:ada@x.test", f"http://127.0.0.1:{hooks.port}/", f"http://127.0.0.1:{hooks.port}/")
        assert is_retried(await notifier.attempt(job, reported=reported))

        # when it takes the mail later
        receipt = await notifier.receipt(job, attempt=2, earlier=reported)

    # then the webhook has been called once, in the first attempt
    assert [one.status for one in receipt.targets] == [SENT, SENT, SKIPPED]
    assert len(hooks.requests) == 1
    assert mail.recipients == ["ada@x.test"]

"""Encryption, login and certificates of the mail server, and addresses beyond ASCII."""

import ssl

import pytest
import trustme
from tests.integration.notifier.conftest import Notifier, is_retried, problem
from tests.mail_servers import MailServer, knows, mail_server, raw_server, scripted

from afterwork.contracts.notifier import SendNotification, TargetStatus
from afterwork.engine.work.outcome import Done

ONE = SendNotification(to=["mailto:ada@x.test"], text="hi")


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


def of_server(authority: trustme.CA, *names: str) -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert(*names).configure_cert(context)
    return context


def of_client(authority: trustme.CA) -> ssl.SSLContext:
    context = ssl.create_default_context()
    authority.configure_trust(context)
    return context


async def test_mail_goes_encrypted_and_after_login(notifier: Notifier, authority: trustme.CA) -> None:
    context = of_server(authority, "127.0.0.1")
    async with mail_server(
        tls_context=context, authenticator=knows("shop", "geheim"), auth_required=True
    ) as server:
        notifier.uses(server.port, of_client(authority), tls="starttls", user="shop", password="geheim")

        outcome = await notifier.attempt(ONE)

    assert isinstance(outcome, Done)
    assert [(one.recipients, one.is_encrypted) for one in server.delivered] == [(("ada@x.test",), True)]


async def test_mail_goes_to_a_server_that_is_encrypted_from_the_first_byte(
    notifier: Notifier, authority: trustme.CA
) -> None:
    async with mail_server(tls=of_server(authority, "127.0.0.1")) as server:
        notifier.uses(server.port, of_client(authority), tls="tls")

        outcome = await notifier.attempt(ONE)

    assert isinstance(outcome, Done)
    assert server.recipients == ["ada@x.test"]


@pytest.mark.parametrize("mode", ["starttls", "tls"])
@pytest.mark.parametrize("fault", ["of another host", "of nobody known"])
async def test_a_certificate_that_is_not_valid_gets_no_mail(
    notifier: Notifier, authority: trustme.CA, mode: str, fault: str
) -> None:
    # given a server with a certificate for somebody else, or by an authority that nobody knows
    if fault == "of another host":
        context = of_server(authority, "mail.example.com")
    else:
        context = of_server(trustme.CA(), "127.0.0.1")
    at_once, later = (context, None) if mode == "tls" else (None, context)
    async with mail_server(tls=at_once, tls_context=later) as server:
        notifier.uses(server.port, of_client(authority), tls=mode)

        # when
        outcome = await notifier.attempt(ONE)

    # then nothing is said to it, and the fault is named
    assert is_retried(outcome)
    assert "CERTIFICATE_VERIFY_FAILED" in problem(outcome) or "certificate verify failed" in problem(outcome)
    assert (server.asked, server.delivered) == ([], [])


async def test_a_server_that_hides_starttls_gets_neither_mail_nor_password(notifier: Notifier) -> None:
    heard: list[str | None] = ["235 welcome"]
    script = scripted(EHLO="250-mx.test\r\n250 AUTH PLAIN LOGIN", AUTH=heard)
    async with raw_server(script) as port:
        notifier.uses(port, ssl.create_default_context(), tls="starttls", user="shop", password="geheim")

        outcome = await notifier.attempt(ONE)

    assert is_retried(outcome)
    assert "STARTTLS" in problem(outcome)
    assert heard == ["235 welcome"]


async def test_an_address_beyond_ascii_is_sent_to_a_server_that_takes_it(notifier: Notifier) -> None:
    job = SendNotification(
        to=["mailto:grüße@x.test", "mailto:ada@bücher.test"],
        cc=["Jürgen <j@x.test>"],
        subject="Grüße",
        text="hi",
    )
    async with mail_server() as server:
        notifier.uses(server.port)

        receipt = await notifier.receipt(job)

    assert [one.status for one in receipt.targets] == [TargetStatus.SENT] * 3
    (delivered,) = server.delivered
    assert delivered.recipients == ("grüße@x.test", "ada@bücher.test", "j@x.test")
    assert "To: grüße@x.test, ada@bücher.test\r\n".encode() in delivered.content


async def test_where_the_server_takes_ascii_only_such_an_address_fails_alone(notifier: Notifier) -> None:
    # given a server without SMTPUTF8
    job = SendNotification(to=["mailto:grüße@x.test", "mailto:ada@bücher.test"], subject="Grüße", text="hi")
    told = MailServer()
    async with mail_server(told, enable_SMTPUTF8=False) as server:
        notifier.uses(server.port)

        receipt = await notifier.receipt(job)

    # then the name of a domain is written in ASCII, and the local part, which cannot be, is not sent to
    assert [(one.status, one.code) for one in receipt.targets] == [
        (TargetStatus.FAILED, 553),
        (TargetStatus.SENT, 250),
    ]
    (delivered,) = server.delivered
    assert delivered.recipients == ("ada@xn--bcher-kva.test",)
    assert delivered.content.isascii()
    assert (delivered.message["To"], delivered.message["Subject"]) == ("ada@xn--bcher-kva.test", "Grüße")

"""Mail servers that misbehave: what is tried again, what is not, and what the job says of it."""

import asyncio
import socket
from datetime import UTC, datetime

import pytest
from tests.integration.notifier.conftest import Notifier, is_retried, problem
from tests.mail_servers import MailServer, by_script, mail_server, raw_server, scripted

from afterwork.contracts.addresses import Mailbox
from afterwork.contracts.notifier import SendNotification, TargetStatus
from afterwork.engine.work.outcome import Done
from afterwork.testing import Reported
from notifier.message import Letter
from notifier.replies import Reply

ONE = SendNotification(to=["mailto:ada@x.test"], text="hi")
TWO = SendNotification(to=["mailto:ada@x.test", "mailto:bob@x.test"], text="hi")
LAST = SendNotification.meta.max_attempts


@pytest.mark.parametrize(
    ("script", "says"),
    [
        ({"BANNER": "554 no service here"}, "554 no service here"),
        ({"BANNER": "421 too busy"}, "421 too busy"),
        ({"BANNER": "what is this"}, "Malformed SMTP response line"),
        ({"BANNER": None}, "EOF"),
        ({"EHLO": "421 closing"}, "421 closing"),
        ({"EHLO": None}, "EOF"),
        ({"MAIL": "421 closing"}, "421 closing"),
        ({"MAIL": "451 try later"}, "451 try later"),
        ({"MAIL": "530 authentication required"}, "530 authentication required"),
        ({"MAIL": None}, "EOF"),
        ({"RCPT": "421 closing"}, "421 closing"),
        ({"RCPT": "451 try later"}, "451 try later"),
        ({"RCPT": "452 no space"}, "452 no space"),
        ({"RCPT": None}, "EOF"),
        ({"DATA": "451 not now"}, "451 not now"),
        ({"DATA": None}, "EOF"),
        ({"END_OF_DATA": "452 no space"}, "452 no space"),
        ({"END_OF_DATA": "999 what"}, "999 what"),
        ({"END_OF_DATA": None}, "the server may have taken it"),
    ],
)
async def test_what_may_be_better_later_is_tried_again(
    notifier: Notifier, script: dict[str, str | None], says: str
) -> None:
    async with raw_server(scripted(**script)) as port:
        notifier.uses(port)

        outcome = await notifier.attempt(ONE)

    assert is_retried(outcome)
    assert says in problem(outcome)


@pytest.mark.parametrize(
    ("script", "says"),
    [
        ({"MAIL": "550 no mail from you"}, "550 no mail from you"),
        ({"MAIL": "552 too large"}, "552 too large"),
        ({"RCPT": "550 no such user"}, "550 no such user"),
        ({"DATA": "554 no"}, "554 no"),
        ({"END_OF_DATA": "554 this is spam"}, "554 this is spam"),
        ({"END_OF_DATA": "500 line too long"}, "500 line too long"),
    ],
)
async def test_what_the_server_refuses_for_good_is_not_tried_again(
    notifier: Notifier, script: dict[str, str | None], says: str
) -> None:
    async with raw_server(scripted(**script)) as port:
        notifier.uses(port)

        outcome = await notifier.attempt(ONE)

    assert not is_retried(outcome)
    assert says in problem(outcome)


async def test_a_server_that_is_not_there_is_tried_again(notifier: Notifier) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    notifier.uses(port)

    outcome = await notifier.attempt(ONE)

    assert is_retried(outcome)
    assert "Connect call failed" in problem(outcome)


async def test_a_server_that_says_nothing_is_given_up_after_its_time(notifier: Notifier) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        notifier.uses(server.getsockname()[1], timeout=0.2)

        outcome = await notifier.attempt(ONE)

    assert is_retried(outcome)
    assert "Timed out" in problem(outcome)


async def test_a_mail_whose_confirmation_was_lost_comes_again_under_the_same_id(notifier: Notifier) -> None:
    # given a server that takes the message and ends the connection before it has said so
    seen: list[bytes] = []

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        taking = asyncio.StreamReader()

        async def hand_on() -> None:
            while line := await reader.readline():
                seen.append(line)
                taking.feed_data(line)

        handing_on = asyncio.create_task(hand_on())
        await by_script({".": None}, taking, writer)
        handing_on.cancel()

    async with raw_server(talk) as port:
        notifier.uses(port)
        reported = Reported()
        assert is_retried(await notifier.attempt(ONE, reported=reported))
    first = [line for line in seen if line.startswith(b"Message-ID")]

    # when the job is tried again
    async with mail_server() as server:
        notifier.uses(server.port)
        assert isinstance(await notifier.attempt(ONE, attempt=2, earlier=reported), Done)

    # then it is sent again, and its recipient can tell that it is the same
    assert first == [b"Message-ID: " + server.delivered[0].message["Message-ID"].encode() + b"\r\n"]


async def test_a_slow_mail_delays_no_other(notifier: Notifier) -> None:
    # given a server that lets the first mail wait
    waiting = asyncio.Event()

    async def gate(envelope: object) -> None:
        if getattr(envelope, "rcpt_tos", None) == ["ada@x.test"]:
            await waiting.wait()

    async with mail_server(MailServer(gate=gate)) as server:
        notifier.uses(server.port)
        slow = asyncio.create_task(notifier.attempt(ONE))

        # when others are sent meanwhile
        others = [SendNotification(to=[f"mailto:b{number}@x.test"], text="hi") for number in range(20)]
        ended = await asyncio.wait_for(asyncio.gather(*(notifier.attempt(one) for one in others)), 10)

        # then they arrive, and the slow one does when the server takes it
        assert all(isinstance(outcome, Done) for outcome in ended)
        assert not slow.done()
        waiting.set()
        assert isinstance(await slow, Done)
    assert len(server.recipients) == 21


async def test_connections_are_used_again_and_no_more_than_allowed(notifier: Notifier) -> None:
    jobs = [SendNotification(to=[f"mailto:b{number}@x.test"], text="hi") for number in range(50)]
    async with mail_server() as server:
        notifier.uses(server.port, connections=3)

        await asyncio.gather(*(notifier.attempt(one) for one in jobs))

    assert len(server.delivered) == 50
    assert server.connections <= 3


@pytest.mark.parametrize("end", [None, "421 4.4.2 idle for too long"])
async def test_a_connection_that_was_ended_while_unused_costs_no_attempt(
    notifier: Notifier, end: str | None
) -> None:
    async with raw_server(scripted(MAIL=["250 ok", end, "250 ok"])) as port:
        notifier.uses(port)
        assert isinstance(await notifier.attempt(ONE), Done)

        assert isinstance(await notifier.attempt(TWO), Done)


async def test_a_connection_that_broke_off_in_the_middle_is_not_used_again(notifier: Notifier) -> None:
    # given a server that says it is closing, but leaves the connection open
    async with mail_server(MailServer(rcpt={"ada@x.test": ["421 4.7.0 closing", "250 ok"]})) as server:
        notifier.uses(server.port)
        assert is_retried(await notifier.attempt(ONE))

        # when it is tried again
        assert isinstance(await notifier.attempt(ONE), Done)

    assert server.connections == 2


async def test_an_attempt_that_is_cancelled_leaves_nothing_to_the_next(notifier: Notifier) -> None:
    # given a server that does not come to an end with the first mail
    reached = asyncio.Event()
    told = MailServer()

    async def gate(_: object) -> None:
        reached.set()
        await asyncio.Event().wait()

    told.gate = gate
    async with mail_server(told) as server:
        notifier.uses(server.port, connections=1)
        letter = Letter(ONE, Mailbox("shop@example.com"), "<id@example.com>", datetime.now(UTC))
        sending = asyncio.create_task(notifier.mailer.send(letter, ["ada@x.test"], ignored))
        await asyncio.wait_for(reached.wait(), 10)

        # when that is cancelled
        sending.cancel()
        await asyncio.wait([sending])
        told.gate = None

        # then the only connection is free for the next one, and a fresh one
        assert isinstance(await notifier.attempt(TWO), Done)

    assert server.connections == 2
    assert server.recipients == ["ada@x.test", "bob@x.test"]


async def ignored(_: dict[str, Reply]) -> None:
    """Nobody asks for these replies."""


async def test_recipients_refused_before_the_connection_broke_are_not_asked_again(notifier: Notifier) -> None:
    # given a server that refuses one and then is gone
    rcpt = {"ada@x.test": ["550 5.1.1 no such user"], "bob@x.test": ["421 4.7.0 too many errors"]}
    reported = Reported()
    async with mail_server(MailServer(rcpt=rcpt)) as server:
        notifier.uses(server.port)
        assert is_retried(await notifier.attempt(TWO, reported=reported))

    # when it is back
    async with mail_server() as server:
        notifier.uses(server.port)
        receipt = await notifier.receipt(TWO, attempt=2, earlier=reported)

    # then only the other is tried
    assert server.asked == ["bob@x.test"]
    assert [one.status for one in receipt.targets] == [TargetStatus.FAILED, TargetStatus.SENT]


async def test_a_message_beyond_the_size_that_the_server_names_is_not_even_sent(notifier: Notifier) -> None:
    job = SendNotification(to=["mailto:ada@x.test"], text="x" * 100_000)
    async with mail_server(data_size_limit=50_000) as server:
        notifier.uses(server.port)

        outcome = await notifier.attempt(job)

    assert not is_retried(outcome)
    assert "552" in problem(outcome)
    assert server.asked == []


async def test_lines_of_any_length_and_dots_arrive_as_they_were(notifier: Notifier) -> None:
    text = "x" * 5000 + "\n.\n..\n.hidden\r\n.\r\nMAIL FROM:<evil@x.test>\r\n" + "ü" * 2000 + "\nFrom here\n"
    async with mail_server() as server:
        notifier.uses(server.port)

        await notifier.receipt(SendNotification(to=["mailto:ada@x.test"], text=text))

    (delivered,) = server.delivered
    assert delivered.message.get_content().splitlines() == text.splitlines()
    assert max(len(line) for line in delivered.content.split(b"\r\n")) <= 998


async def test_a_wrong_login_is_no_fault_of_the_message_and_tried_again(notifier: Notifier) -> None:
    script = {"EHLO": "250-mx.test\r\n250 AUTH PLAIN LOGIN", "AUTH": "535 5.7.8 wrong password"}
    async with raw_server(scripted(**script)) as port:
        notifier.uses(port, user="shop", password="wrong")

        outcome = await notifier.attempt(ONE)

    assert is_retried(outcome)
    assert "535 5.7.8 wrong password" in problem(outcome)
    assert "wrong" not in problem(outcome).replace("wrong password", "")
    last = await notifier.attempt(ONE, attempt=LAST)
    assert not is_retried(last)

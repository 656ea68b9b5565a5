from datetime import UTC, datetime
from email import message_from_bytes
from email.header import decode_header, make_header
from email.message import EmailMessage
from email.policy import default

import pytest

from afterwork.contracts.addresses import Mailbox
from afterwork.contracts.notifier import SendNotification
from notifier.message import Attached, Letter, wire_address

DATE = datetime(2026, 1, 31, 12, tzinfo=UTC)


def letter(sender: str = "shop@example.com", name: str = "", **fields: object) -> Letter:
    job = SendNotification.model_validate({"to": ["mailto:ada@x.test"], "text": "hi", **fields})
    return Letter(job, Mailbox(sender, name), "<id@example.com>", DATE)


def read(content: bytes) -> EmailMessage:
    message = message_from_bytes(content, policy=default)
    assert isinstance(message, EmailMessage)
    assert message.defects == []
    return message


def test_a_message_says_who_when_what_and_under_which_id() -> None:
    message = read(letter(subject="Hello", reply_to="Help <help@example.com>").content(utf8=False))

    assert message["Date"] == "Sat, 31 Jan 2026 12:00:00 +0000"
    assert message["From"] == "shop@example.com"
    assert message["Reply-To"] == "Help <help@example.com>"
    assert message["To"] == "ada@x.test"
    assert message["Subject"] == "Hello"
    assert message["Message-ID"] == "<id@example.com>"
    assert message["MIME-Version"] == "1.0"
    assert message.get_content().strip() == "hi"


@pytest.mark.parametrize(
    "text",
    [
        "Grüße",
        "日本語の件名" * 20,
        "a" * 900,
        "word " * 150,
        "emoji 🎉 and words " * 20,
        "=?utf-8?q?no?=",
        " spaces  kept ",
    ],
)
def test_any_subject_arrives_as_it_was_in_lines_that_are_short_enough(text: str) -> None:
    content = letter(subject=text).content(utf8=False)

    assert read(content)["Subject"].strip() == text.strip()
    assert content.isascii()
    assert max(len(line) for line in content.split(b"\r\n")) <= 998


def test_names_beyond_ascii_and_with_commas_stay_with_their_addresses() -> None:
    names = ["Ädä, Gräfin", "O'Neil, Jr.", "陳大文", "Plain Name", "[Team] (x)", "=?utf-8?q?no?="]
    cc = [f'"{name}" <p{number}@x.test>' for number, name in enumerate(names)] * 8

    message = read(letter(name="Böll, H.", cc=cc).content(utf8=False))

    assert [(one.display_name, one.addr_spec) for one in message["Cc"].addresses] == [
        (name, f"p{number}@x.test") for number, name in enumerate(names)
    ] * 8
    assert message["From"].addresses[0].display_name == "Böll, H."


def test_a_long_name_is_split_into_words_that_belong_together() -> None:
    content = letter(name="ä" * 100).content(utf8=False)

    # the reader for structured fields puts spaces between them, against RFC 2047 6.2
    value = message_from_bytes(content)["From"]
    assert str(make_header(decode_header(value))) == f"{'ä' * 100} <shop@example.com>"


def test_a_thousand_addresses_are_folded() -> None:
    targets = [f"mailto:recipient-{number}@example.com" for number in range(1000)]

    content = letter(to=targets).content(utf8=False)

    assert len(read(content)["To"].addresses) == 1000
    assert max(len(line) for line in content.split(b"\r\n")) <= 78


def test_a_long_word_in_a_header_of_ones_own_is_not_changed() -> None:
    url = f"<https://example.com/unsubscribe?token={'a' * 300}>"

    content = letter(headers={"List-Unsubscribe": url, "X-Note": "grün"}).content(utf8=False)

    assert f"List-Unsubscribe: {url}\r\n".encode() in content
    assert read(content)["X-Note"] == "grün"


def test_text_and_html_are_alternatives_and_attachments_stand_beside_them() -> None:
    plain = letter(html="<b>hi</b>")
    full = Letter(
        plain.job, plain.sender, plain.message_id, DATE, [Attached("a.bin", "application/x-b", b"\0\xff")]
    )

    message = read(full.content(utf8=False))

    assert [part.get_content_type() for part in message.walk()] == [
        "multipart/mixed",
        "multipart/alternative",
        "text/plain",
        "text/html",
        "application/x-b",
    ]
    (attached,) = message.iter_attachments()
    assert (attached.get_filename(), attached.get_content()) == ("a.bin", b"\0\xff")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "one line",
        "ends\n",
        "two\n\nlines\n",
        "x" * 5000,
        "a\rb\r\nc",
        "tab\t",
        "form\x0cfeed",
        ".\n..\n",
        "From me",
    ],
)
def test_any_text_arrives_as_it_was_in_lines_that_every_server_takes(text: str) -> None:
    content = letter(text=text).content(utf8=False)

    message = read(content)
    assert message.get_content_type() == "text/plain"
    assert message.get_content().splitlines() == (
        text.splitlines() or [""] * message.get_content().count("\n")
    )
    assert max(len(line) for line in content.split(b"\r\n")) <= 78
    assert b"\n" not in content.replace(b"\r\n", b"")


def test_html_alone_is_the_message() -> None:
    message = read(letter(text=None, html="<p>ü</p>").content(utf8=False))

    assert message.get_content_type() == "text/html"
    assert message.get_content().strip() == "<p>ü</p>"


def test_who_is_only_in_bcc_is_not_in_the_message() -> None:
    content = letter(to=["https://hook.test/"], bcc=["secret@x.test"]).content(utf8=False)

    assert b"secret" not in content
    assert b"\r\nTo: undisclosed-recipients:;\r\n" in content


def test_an_address_beyond_ascii_is_raw_for_a_server_that_takes_it_and_left_out_else() -> None:
    one = letter(to=["mailto:grüße@x.test", "mailto:ada@bücher.test"], subject="Grüße")

    assert one.needs_utf8([])
    assert "To: grüße@x.test, ada@bücher.test\r\nSubject: Grüße\r\n".encode() in one.content(utf8=True)
    assert b"To: ada@xn--bcher-kva.test\r\n" in one.content(utf8=False)


def test_a_domain_beyond_ascii_alone_does_not_need_a_server_that_takes_it() -> None:
    assert not letter(to=["mailto:ada@bücher.test"]).needs_utf8(["ada@bücher.test"])
    assert letter().needs_utf8(["grüße@x.test"])
    with pytest.raises(ValueError, match="IDNA"):
        wire_address(f"ada@{'ü' * 63}.test", utf8=False)


def test_a_sender_that_cannot_be_said_in_ascii_is_refused() -> None:
    with pytest.raises(ValueError, match="SMTPUTF8"):
        letter(sender="grüße@x.test").content(utf8=False)

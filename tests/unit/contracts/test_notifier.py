import json

import pytest
from pydantic import ValidationError

from afterwork.contracts.addresses import Mailbox, mailbox
from afterwork.contracts.notifier import SendNotification

PLAIN = {"to": ["mailto:ada@example.com"], "text": "hi"}
INJECTIONS = ["a\r\nBcc: x@evil.test", "a\nb", "a\rb", "a\0b", "a\x0bb", "a\x85b", "a\u2028b"]


def faults(body: dict[str, object]) -> list[str]:
    """Where the contract finds fault with it."""
    with pytest.raises(ValidationError) as fault:
        SendNotification.model_validate_json(json.dumps(body))
    return [".".join(map(str, one["loc"])) for one in fault.value.errors()]


def test_from_is_from_in_json_and_sender_in_python() -> None:
    body = {**PLAIN, "from": "Shop <shop@example.com>"}

    job = SendNotification.model_validate_json(json.dumps(body))

    assert job.sender == "Shop <shop@example.com>"
    assert json.loads(job.model_dump_json(by_alias=True))["from"] == "Shop <shop@example.com>"
    assert SendNotification(to=job.to, text="hi", sender="Shop <shop@example.com>") == job


@pytest.mark.parametrize("text", INJECTIONS)
def test_nothing_that_becomes_a_header_can_end_its_line(text: str) -> None:
    assert faults({**PLAIN, "subject": text}) == ["subject"]
    assert faults({**PLAIN, "headers": {"X-Note": text}}) == ["headers.X-Note"]
    assert faults({**PLAIN, "headers": {text: "x"}})
    assert faults({**PLAIN, "from": f"{text} <a@x.test>"})[0].startswith("from")
    assert faults({**PLAIN, "from": f"{text}@x.test"})[0].startswith("from")
    assert faults({**PLAIN, "reply_to": f"a@x.test{text}"})[0].startswith("reply_to")
    assert faults({**PLAIN, "cc": [f"a@{text}x.test"]}) == ["cc.0"]
    assert faults({**PLAIN, "bcc": [f"{text} <a@x.test>"]}) == ["bcc.0"]
    assert faults({**PLAIN, "to": [f"mailto:{text}@x.test"]}) == ["to.0"]


@pytest.mark.parametrize("escaped", ["%0D%0A", "%0a", "%00", "%0d", "%C2%85", "%FF", "%20", "%3E%3Ca"])
def test_nor_can_it_escaped_in_a_mailto(escaped: str) -> None:
    assert faults({**PLAIN, "to": [f"mailto:a{escaped}b@x.test"]}) == ["to.0"]


@pytest.mark.parametrize(
    "name", ["From", "bcc", "SUBJECT", "Message-ID", "Content-Type", "Resent-To", "DKIM-Signature"]
)
def test_headers_that_afterwork_sets_cannot_be_given(name: str) -> None:
    assert faults({**PLAIN, "headers": {name: "x"}}) == ["headers"]


@pytest.mark.parametrize("name", ["", "X Note", "X:Note", "Xü", "-X", "X" * 71])
def test_a_header_has_a_name_that_is_one(name: str) -> None:
    assert faults({**PLAIN, "headers": {name: "x"}})


@pytest.mark.parametrize(
    "target",
    [
        *(
            "ada@example.com",
            "mailto:",
            "mailto:ada",
            "mailto:@x.test",
            "mailto:a@",
            "mailto:a@x.test?subject=x",
        ),
        *("mailto:a@x.test,b@x.test", "mailto:a b@x.test", "mailto:a..b@x.test", "mailto:.a@x.test"),
        *(
            "mailto:a@-x.test",
            "mailto:a@x..test",
            "mailto:a@[127.0.0.1]",
            'mailto:"a"@x.test',
            "mailto:a@x.test ",
        ),
        f"mailto:{'a' * 65}@x.test",
        f"mailto:a@{'x.' * 130}test",
        *(
            "ftp://x.test/",
            "https://",
            "https:///path",
            "https://user@x.test/",
            "https://u:p@x.test/",
            "https://x.test/#f",
        ),
        *(
            "https://x.test:99999/",
            "https://x.test/a b",
            "https://x.test/\\evil",
            "javascript:alert(1)",
            "https:x",
            "https://xn--/",
            "https://XN--abc-/",
            "https://www.xn--%%%.test/",
            "https://x..test/",
            f"https://{'x' * 64}.test/",
        ),
    ],
)
def test_a_target_that_is_none_is_refused(target: str) -> None:
    assert faults({**PLAIN, "to": [target]}) == ["to.0"]


@pytest.mark.parametrize(
    "target",
    [
        *(
            "mailto:ada@example.com",
            "MAILTO:ada@example.com",
            "mailto:a+b.c@localhost",
            "mailto:a%2Bb@x.test",
        ),
        *("mailto:grüße@bücher.test", "mailto:用户@例子.广告", "https://x.test", "https://x.test:8443/a?b=c"),
        *("https://xn--fa-hia.de/", "https://faß.de/", "https://x.test./", "https://a_b.test/"),
        *("http://127.0.0.1:9000/hook", "https://[2606:4700::1]/"),
    ],
)
def test_a_target_that_is_one_is_taken(target: str) -> None:
    assert SendNotification(to=[target], text="hi").to == [target]


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("ada@x.test", Mailbox("ada@x.test")),
        ("<ada@x.test>", Mailbox("ada@x.test")),
        ("Ada Lovelace <ada@x.test>", Mailbox("ada@x.test", "Ada Lovelace")),
        ('"Lovelace, Ada" <ada@x.test>', Mailbox("ada@x.test", "Lovelace, Ada")),
        ("Lovelace, Ada <ada@x.test>", Mailbox("ada@x.test", "Lovelace, Ada")),
    ],
)
def test_a_mailbox_has_a_name_or_none(text: str, read: Mailbox) -> None:
    assert mailbox(text) == read


def test_something_must_be_said() -> None:
    assert faults({"to": PLAIN["to"]}) == [""]


def test_there_are_at_most_a_thousand_targets_in_all() -> None:
    names = [f"r{number}@x.test" for number in range(500)]
    body = {"to": [f"mailto:{name}" for name in names], "bcc": names, "text": "hi"}

    assert len(SendNotification.model_validate(body).to) == 500
    assert faults({**body, "cc": ["one@x.test"]}) == [""]
    assert faults({**PLAIN, "to": []}) == ["to"]


@pytest.mark.parametrize(
    "attachment",
    [
        {},
        {"name": "a.txt"},
        {"name": "a.txt", "base64": "%%%"},
        {"name": "a.txt", "base64": "aGk"},
        {"name": "../a.txt", "base64": "aGk="},
        {"name": "a\n.txt", "base64": "aGk="},
        {"name": "a.txt", "base64": "aGk=", "content_type": "text"},
        {"name": "a.txt", "base64": "aGk=", "content_type": "text/plain\r\nX: y"},
        {"name": "a.txt", "base64": "aGk=", "content_type": "multipart/mixed"},
        {"name": "a.txt", "base64": "aGk=", "content_type": "message/rfc822"},
        {"object": "inbox/../etc/passwd"},
        {"object": "inbox"},
        {"object": "inbox/a.txt", "base64": "aGk="},
    ],
)
def test_an_attachment_that_cannot_be_is_refused(attachment: dict[str, str]) -> None:
    assert faults({**PLAIN, "attachments": [attachment]})[0].startswith("attachments.0")


def test_attachments_in_the_job_have_half_a_mebibyte_in_all() -> None:
    half = {"name": "a.bin", "base64": "A" * (256 * 1024 // 3 * 4)}

    assert SendNotification.model_validate({**PLAIN, "attachments": [half, half]})
    assert faults({**PLAIN, "attachments": [half, half, {"name": "b", "base64": "AAAAAAAA"}]}) == [""]

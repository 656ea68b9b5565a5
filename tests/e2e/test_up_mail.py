"""What `afterwork up` has for the effects of jobs: an inbox that keeps mail, and stores."""

import signal
from email import message_from_bytes
from pathlib import Path
from typing import Any

import httpx
from tests.e2e.up_support import Up, wait_for_state
from tests.servers import wait_until


def send(client: httpx.Client, *recipients: str) -> str:
    """Submit a notification; the id of its job."""
    payload = {"to": [f"mailto:{name}" for name in recipients], "subject": "Grüße", "text": "hi"}
    answer = client.post("/v1/jobs", json={"kind": "notification.send", "payload": payload})
    return str(answer.raise_for_status().json()["id"])


def kept(folder: Path) -> list[str]:
    """To whom mail was sent, in turn."""
    messages = [message_from_bytes(file.read_bytes()) for file in sorted((folder / "mail").glob("*.eml"))]
    return [recipient for message in messages for recipient in message.get_all("X-Envelope-To", [])]


def test_mail_is_kept_as_files_and_its_receipt_in_a_store(tmp_path: Path) -> None:
    with Up(tmp_path) as up, up.client() as client:
        up.waits_for_line(rf"^mail is not sent but kept in {tmp_path}/mail$")

        done: dict[str, Any] = wait_for_state(client, send(client, "ada@x.test", "bob@x.test"), "succeeded")

        assert kept(tmp_path) == ["ada@x.test", "bob@x.test"]
        assert done["result"]["receipt"] == f"receipts/{done['id']}.json"
        assert (tmp_path / "stores" / done["result"]["receipt"]).is_file()


def test_an_inbox_that_is_killed_comes_back_at_the_same_place(tmp_path: Path) -> None:
    with Up(tmp_path) as up, up.client() as client:
        wait_for_state(client, send(client, "ada@x.test"), "succeeded")

        # when it is killed, and mail is sent at once
        (victim,) = [child for child in up.children() if "afterwork_up.inbox" in child.cmdline()]
        victim.kill()
        sent = send(client, "bob@x.test")

        # then that is kept as well, in the first attempt or the next
        wait_for_state(client, sent, "succeeded")
        up.waits_for_line("inbox is ready again")
        assert kept(tmp_path) == ["ada@x.test", "bob@x.test"]
        assert up.ends(signal.SIGINT) == 0


def test_a_server_of_the_operator_s_is_used_instead(tmp_path: Path) -> None:
    with Up(tmp_path, AFTERWORK_SMTP__HOST="mail.invalid") as up, up.client() as client:
        job = send(client, "ada@x.test")

        wait_until(lambda: "mail.invalid" in client.get(f"/v1/jobs/{job}").text, what="the server is tried")
        assert "kept in" not in up.printed
        assert not (tmp_path / "mail").exists()

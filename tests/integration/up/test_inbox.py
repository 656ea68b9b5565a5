"""The mail inbox as a process: it keeps what it confirms, and who connects while it is away waits."""

import signal
import smtplib
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from email import message_from_bytes
from pathlib import Path

import pytest
from tests.servers import wait_until

MESSAGE = b"Subject: hi\r\n\r\nGr\xc3\xbc\xc3\x9fe\r\n.\r\n..two\r\n"


@pytest.fixture
def listening() -> Iterator[socket.socket]:
    """What `afterwork up` holds open."""
    with socket.create_server(("127.0.0.1", 0)) as held:
        yield held


@contextmanager
def inbox(listening: socket.socket, folder: Path) -> Iterator["subprocess.Popen[bytes]"]:
    command = [sys.executable, "-m", "afterwork_up.inbox", "--descriptor", str(listening.fileno())]
    process = subprocess.Popen([*command, "--directory", str(folder)], pass_fds=[listening.fileno()])
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def send(
    listening: socket.socket, *recipients: str, message: bytes = MESSAGE
) -> dict[str, tuple[int, bytes]]:
    with smtplib.SMTP("127.0.0.1", listening.getsockname()[1], timeout=30) as smtp:
        return smtp.sendmail("shop@example.com", recipients, message, mail_options=["BODY=8BITMIME"])


def test_a_message_is_kept_as_a_file_with_its_envelope(listening: socket.socket, tmp_path: Path) -> None:
    with inbox(listening, tmp_path):
        assert send(listening, "ada@x.test", "bob@x.test") == {}

    (file,) = tmp_path.iterdir()
    assert file.name.endswith(".eml")
    message = message_from_bytes(file.read_bytes())
    assert message["X-Envelope-From"] == "shop@example.com"
    assert message.get_all("X-Envelope-To") == ["ada@x.test", "bob@x.test"]
    assert file.read_bytes().endswith(MESSAGE)


def test_who_connects_while_it_is_started_again_waits(listening: socket.socket, tmp_path: Path) -> None:
    # given an inbox that is killed
    with inbox(listening, tmp_path) as first:
        send(listening, "ada@x.test")
        first.kill()
        first.wait()

    # when mail is sent before the next one runs
    sending = threading.Thread(target=send, args=(listening, "bob@x.test"))
    sending.start()
    with inbox(listening, tmp_path):
        sending.join(30)

        # then it is kept, too
        wait_until(lambda: len(list(tmp_path.glob("*.eml"))) == 2, what="two messages")


def test_what_was_half_written_when_it_was_killed_is_removed(
    listening: socket.socket, tmp_path: Path
) -> None:
    (tmp_path / ".20260101T000000.000000Z-abcd.part").write_bytes(b"half")

    with inbox(listening, tmp_path):
        send(listening, "ada@x.test")

    assert [file.suffix for file in tmp_path.iterdir()] == [".eml"]


def test_a_message_that_cannot_be_kept_is_not_confirmed(listening: socket.socket, tmp_path: Path) -> None:
    # given a directory that is gone
    folder = tmp_path / "mail"
    folder.mkdir()
    with inbox(listening, folder):
        send(listening, "ada@x.test")
        for file in folder.iterdir():
            file.unlink()
        folder.rmdir()

        with pytest.raises(smtplib.SMTPDataError, match="cannot keep the message") as refusal:
            send(listening, "bob@x.test")

    assert refusal.value.smtp_code == 452


def test_it_ends_when_asked_to_even_if_somebody_is_connected(
    listening: socket.socket, tmp_path: Path
) -> None:
    with (
        inbox(listening, tmp_path) as process,
        smtplib.SMTP("127.0.0.1", listening.getsockname()[1], timeout=30),
    ):
        process.send_signal(signal.SIGTERM)

        assert process.wait(10) == 0

"""The five programs that Afterwork replaces, over HTTP, on real input; undisturbed, and with everything killed."""

import csv
import hashlib
import io
import json
import time
from collections.abc import Callable
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path

import psutil
import pytest
from tests.integration.machine import Json, Machine
from tests.integration.real_input import (
    EXPECTED,
    LARGE,
    MEBIBYTE,
    ROWS,
    large_content,
    orders_csv,
    photograph_with_exif,
    slow_mail_server,
)

pytestmark = pytest.mark.timeout(300)

AT_ONCE = 1.0
"""Seconds within which an answer comes that waits for no work, on a machine that has other things to do."""

Disturb = Callable[[Machine], None]


@pytest.fixture(params=["undisturbed", "all killed"])
def disturb(request: pytest.FixtureRequest) -> Disturb:
    """What happens to the machine right after the answer."""
    return Machine.loses_power if request.param == "all killed" else lambda _: None


# ------------------------------------------------------------------------------------- send-notification


def test_send_notification(tmp_path: Path, disturb: Disturb) -> None:
    with Machine(tmp_path) as machine:
        # given the request as it always was
        answer = machine.post("/send-notification/ada@example.test?message=Grüße")

        # when
        disturb(machine)

        # then the old answer came, the mail arrives (twice if it was killed just after that), and a receipt proves it
        body = answer.json()
        assert body == {"message": "Notification sent in the background", "job_id": body["job_id"]}
        job = machine.ends(body["job_id"])
        mail, *copies = [parsed(mail) for mail in machine.mails(1)]
        assert {copy["message-id"] for copy in copies} <= {mail["message-id"]}
        assert len(copies) < len(job["history"])
        assert mail["to"] == "ada@example.test"
        assert "Grüße" in mail.get_content()
        receipt = machine.get(f"/v1/jobs/{job['id']}/receipt").json()
        assert [target["status"] for target in receipt["targets"]] == ["sent"]
        assert receipt["targets"][0]["message_id"] == mail["message-id"]
        assert body["job_id"] in mail["message-id"]


def test_send_notification_by_a_mail_server_that_takes_ten_seconds(tmp_path: Path, disturb: Disturb) -> None:
    with slow_mail_server(10.0) as (port, mails):
        server = {
            "AFTERWORK_SMTP__HOST": "127.0.0.1",
            "AFTERWORK_SMTP__PORT": str(port),
            "AFTERWORK_SMTP__TLS": "none",
        }
        with Machine(tmp_path, **server) as machine:
            machine.get("/healthz")

            # when
            began = time.monotonic()
            job_id = machine.post("/send-notification/ada@example.test?message=slow").json()["job_id"]
            answered = time.monotonic() - began
            disturb(machine)

            # then nobody waited for the server, and the mail has arrived
            job = machine.ends(job_id)
            assert answered < AT_ONCE
            assert time.monotonic() - began >= 10
            assert [parsed(mail)["message-id"] for mail in mails] == [
                job["result"]["targets"][0]["message_id"]
            ]


def parsed(mail: bytes) -> EmailMessage:
    """A mail taken apart."""
    message = message_from_bytes(mail, policy=policy.default)
    assert isinstance(message, EmailMessage)
    return message


# ----------------------------------------------------------------------------------------------- process


def test_process(tmp_path: Path, disturb: Disturb) -> None:
    records = [{"city": "Zürich", "amount": 3}, {"city": 'a "quoted"\nname', "amount": 4.5}]
    with Machine(tmp_path) as machine:
        # given
        answer = machine.post("/process/", records)

        # when
        disturb(machine)

        # then
        body = answer.json()
        assert body == {"message": "Data is being processed", "job_id": body["job_id"]}
        result = machine.ends(body["job_id"])["result"]
        assert (result["rows_in"], result["rows_out"], result["rows"]) == (2, 2, records)


def test_process_of_a_large_table(tmp_path: Path, disturb: Disturb) -> None:
    with Machine(tmp_path) as machine:
        # given
        machine.put("inbox/orders.csv", orders_csv(), "text/csv")

        # when
        accepted = machine.post(
            "/v1/tables",
            {
                "source": {"object": "inbox/orders.csv"},
                "steps": [
                    {"op": "filter", "where": "quantity >= 2"},
                    {"op": "derive", "set": {"total": "price * quantity"}},
                    {
                        "op": "group",
                        "by": ["city"],
                        "aggregate": {"total": "sum(total)", "orders": "count()"},
                    },
                    {"op": "sort", "by": ["city"]},
                ],
                "output": {"object": "results/by-city.csv"},
            },
        )
        disturb(machine)

        # then
        result = machine.ends(accepted.json()["id"])["result"]
        written = machine.get("/v1/objects/results/by-city.csv").content
        assert result["rows_in"] == ROWS
        assert result["output"]["sha256"] == hashlib.sha256(written).hexdigest()
        found = {row["city"]: row for row in csv.DictReader(io.StringIO(written.decode(), newline=""))}
        assert {city: (int(row["total"]), int(row["orders"])) for city, row in found.items()} == EXPECTED


# --------------------------------------------------------------------------------------------- long-task


def test_long_task(tmp_path: Path, disturb: Disturb) -> None:
    with Machine(tmp_path) as machine:
        # given
        machine.get("/healthz")

        # when something is asked for that blocks for seconds
        began = time.monotonic()
        answer = machine.post("/long_task?seconds=4")
        answered = time.monotonic() - began
        other = machine.post("/v1/jobs", {"kind": "probe.run", "payload": {"queue": "processor"}}).json()[
            "id"
        ]
        disturb(machine)

        # then the connection does not hang, and the same service does other work meanwhile
        assert answered < AT_ONCE
        quick, long = machine.ends(other), machine.ends(answer.json()["job_id"])
        assert quick["finished_at"] < long["finished_at"]
        assert time.monotonic() - began >= 4


# ---------------------------------------------------------------------------------------- image-metadata


def test_image_metadata(tmp_path: Path, disturb: Disturb) -> None:
    photograph = photograph_with_exif()
    with Machine(tmp_path) as machine:
        # given
        machine.put("images/china.jpg", photograph, "image/jpeg")

        # when
        accepted = machine.post("/v1/images", {"object": "images/china.jpg"})
        disturb(machine)

        # then its description stands among the documents, without the place where it was taken
        job = machine.ends(accepted.json()["id"])
        (document,) = machine.get("/v1/documents/images").json()["documents"]
        assert machine.get(f"/v1/documents/images/{document['id']}").json()["body"] == document["body"]
        text = json.dumps(document["body"])
        assert document["body"] == job["result"]["body"]
        metadata = document["body"]["metadata"]
        assert (metadata["width"], metadata["height"], metadata["format"]) == (640, 427, "JPEG")
        assert hashlib.sha256(photograph).hexdigest() in text
        assert "Afterwork Camera" in text
        assert "GPS" not in text


# ---------------------------------------------------------------------------------------- duplicate-blob


def test_duplicate_blob(tmp_path: Path, disturb: Disturb) -> None:
    with Machine(tmp_path) as machine:
        # given an object that is larger than what the archiver may take of memory
        digest = hashlib.sha256()
        stored = machine.put("inbox/film.bin", large_content(digest), "application/octet-stream")
        assert stored["size"] == LARGE

        # when
        accepted = machine.post(
            "/v1/archives", {"source": "inbox/film.bin", "destination": "archive/film.bin"}
        )
        before = peak_memory(machine.process("archiver"))
        disturb(machine)

        # then
        job = machine.ends(accepted.json()["id"])
        head = machine.http.head("/v1/objects/archive/film.bin")
        assert int(head.headers["content-length"]) == LARGE
        assert (job["result"]["objects"]["copied"], job["result"]["bytes"]) == (1, LARGE)
        assert sha256_of(machine, "/v1/objects/archive/film.bin") == digest.hexdigest()
        (listed,) = machine.get("/v1/objects/archive?prefix=film").json()["objects"]
        assert listed["tier"] == "archive"
        (line,) = manifest_lines(machine, job)
        assert (line["sha256"], line["bytes"], line["status"]) == (digest.hexdigest(), LARGE, "copied")
        assert peak_memory(machine.process("archiver")) < before + 200 * MEBIBYTE


def sha256_of(machine: Machine, path: str) -> str:
    """Of what is sent when it is read."""
    digest = hashlib.sha256()
    with machine.http.stream("GET", path) as answer:
        for chunk in answer.iter_bytes():
            digest.update(chunk)
    return digest.hexdigest()


def manifest_lines(machine: Machine, job: Json) -> list[Json]:
    """What the manifest says of each object."""
    text = machine.get(f"/v1/objects/{job['result']['manifest']}").text
    lines = [json.loads(line) for line in text.splitlines()]
    return [line for line in lines if "source" in line and "sha256" in line]


def peak_memory(process: psutil.Process) -> int:
    """The most bytes that the process has had in memory."""
    status = Path(f"/proc/{process.pid}/status").read_text(encoding="ascii")
    (line,) = [line for line in status.splitlines() if line.startswith("VmHWM")]
    return int(line.split()[1]) * 1024

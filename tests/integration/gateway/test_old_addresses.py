"""The addresses of the old programs: what they take, what they answer, and what they refuse."""

from typing import Any

import httpx
import pytest

from afterwork.engine import JobClient


async def payload_of(answer: httpx.Response, jobs: JobClient) -> dict[str, Any]:
    """What the job of an answer was given."""
    assert answer.status_code == 200, answer.text
    body = answer.json()
    assert answer.headers["location"] == f"/v1/jobs/{body['job_id']}"
    payload = await jobs.payload(body["job_id"])
    assert isinstance(payload, dict)
    return payload


@pytest.mark.parametrize(
    ("query", "body", "text"),
    [
        ("", None, "some notification"),
        ("?message=", None, ""),
        ("?message=h%C3%A9llo", None, "héllo"),
        ("", b'"hello"', "hello"),
        ("", b'{"message": "hello"}', "hello"),
        ("?message=query", b'"body"', "body"),
    ],
)
async def test_a_notification_takes_its_message_from_query_or_body(
    http: httpx.AsyncClient, jobs: JobClient, query: str, body: bytes | None, text: str
) -> None:
    headers = {"Content-Type": "application/json"} if body else {}

    answer = await http.post(f"/send-notification/ada@example.test{query}", content=body, headers=headers)

    payload = await payload_of(answer, jobs)
    assert answer.json()["message"] == "Notification sent in the background"
    assert payload["to"] == ["mailto:ada@example.test"]
    assert payload["text"] == f"notification for ada@example.test: {text}"


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/send-notification/no-address", None),
        ("/send-notification/ada@example.test%0d%0aBcc:%20eve@example.test", None),
        ("/send-notification/ada@example.test", b"{}"),
        ("/send-notification/ada@example.test", b'{"message": 1}'),
        ("/send-notification/ada@example.test", b'{"message": "a", "more": "b"}'),
        ("/send-notification/ada@example.test", b"[]"),
        ("/process/", b'{"a": 1}'),
        ("/process/", b'["a"]'),
        ("/process/", b"3"),
    ],
)
async def test_what_cannot_be_done_is_refused(http: httpx.AsyncClient, path: str, body: bytes | None) -> None:
    answer = await http.post(path, content=body, headers={"Content-Type": "application/json"})

    problem = answer.json()
    assert (answer.status_code, problem["type"]) == (422, "/problems/invalid-payload"), problem
    assert problem["errors"][0]["detail"]


async def test_a_list_of_records_becomes_a_table(http: httpx.AsyncClient, jobs: JobClient) -> None:
    records = [{"city": "Zürich", "amount": 3}, {"city": "Bern", "amount": 4.5}]

    answer = await http.post("/process/", json=records)

    payload = await payload_of(answer, jobs)
    assert answer.json()["message"] == "Data is being processed"
    assert payload["source"]["records"] == records


@pytest.mark.parametrize(("query", "seconds"), [("", 10), ("?seconds=0.5", 0.5)])
async def test_a_long_task_takes_as_long_as_it_is_told(
    http: httpx.AsyncClient, jobs: JobClient, query: str, seconds: float
) -> None:
    answer = await http.post(f"/long_task{query}")

    assert (await payload_of(answer, jobs))["seconds"] == seconds


@pytest.mark.parametrize("seconds", ["-1", "601", "soon", "nan", ""])
async def test_a_long_task_of_no_possible_length_is_refused(http: httpx.AsyncClient, seconds: str) -> None:
    answer = await http.post("/long_task", params={"seconds": seconds})

    assert (answer.status_code, answer.json()["type"]) == (400, "/problems/bad-parameter")


async def test_a_repeated_request_is_the_same_job(http: httpx.AsyncClient) -> None:
    key = {"Idempotency-Key": '"once"'}

    first = await http.post("/long_task?seconds=1", headers=key)
    again = await http.post("/long_task?seconds=1", headers=key)
    other = await http.post("/long_task?seconds=2", headers=key)

    assert again.json() == first.json()
    assert again.headers["idempotency-replayed"] == "true"
    assert other.json()["type"] == "/problems/idempotency-mismatch"

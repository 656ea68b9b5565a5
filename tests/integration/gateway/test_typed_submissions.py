"""`/v1/notifications` and its like: the same jobs as by `/v1/jobs`, with the payload's fields at the top level."""

import httpx
import pytest

from afterwork.engine import JobClient

NOTIFICATION: dict[str, object] = {"to": ["mailto:ada@example.test"], "text": "Hello"}
EXAMPLES: dict[str, tuple[str, dict[str, object]]] = {
    "/v1/notifications": ("notification.send", NOTIFICATION),
    "/v1/tables": ("table.process", {"source": {"records": [{"n": 1}]}, "output": {"inline": True}}),
    "/v1/images": ("image.analyze", {"object": "images/photo.jpg"}),
    "/v1/archives": ("object.archive", {"source": "inbox/a.csv", "destination": "archive/"}),
}


@pytest.mark.parametrize("path", EXAMPLES)
async def test_an_address_of_its_own_stores_a_job_of_its_kind(
    http: httpx.AsyncClient, jobs: JobClient, path: str
) -> None:
    kind, fields = EXAMPLES[path]

    answer = await http.post(path, json=fields)

    job = answer.json()
    assert (answer.status_code, job["kind"]) == (202, kind)
    assert answer.headers["location"] == job["links"]["self"]
    payload = await jobs.payload(job["id"])
    assert isinstance(payload, dict)
    assert (
        payload.items() >= fields.items()
        if path != "/v1/tables"
        else payload["source"]["records"] == [{"n": 1}]
    )


async def test_options_stand_beside_the_fields(http: httpx.AsyncClient) -> None:
    body = NOTIFICATION | {"options": {"priority": "high", "tags": ["now"], "delay": 60}}

    job = (await http.post("/v1/notifications", json=body)).json()

    assert (job["priority"], job["tags"], job["state"]) == ("high", ["now"], "scheduled")


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        (NOTIFICATION | {"to": ["mailto:ada@example.test", "mailto:no address"]}, "/to/1"),
        (NOTIFICATION | {"sent_by": "me"}, "/sent_by"),
        ({"text": "Hello"}, "/to"),
        (NOTIFICATION | {"options": {"delay": -1}}, "/options/delay"),
        (NOTIFICATION | {"options": {"dealy": 1}}, "/options/dealy"),
        (NOTIFICATION | {"options": None}, "/options"),
        (NOTIFICATION | {"kind": "notification.send"}, "/kind"),
        ({"kind": "notification.send", "payload": NOTIFICATION}, "/to"),
        ([NOTIFICATION], ""),
        ("text", ""),
    ],
)
async def test_what_is_wrong_is_named_where_it_stands_in_the_body(
    http: httpx.AsyncClient, body: object, pointer: str
) -> None:
    answer = await http.post("/v1/notifications", json=body)

    problem = answer.json()
    assert (answer.status_code, problem["type"]) == (422, "/problems/invalid-payload")
    assert pointer in {place["pointer"] for place in problem["errors"]}, problem


async def test_a_repeated_request_is_the_same_job_and_another_body_is_refused(
    http: httpx.AsyncClient,
) -> None:
    key = {"Idempotency-Key": '"once"'}

    first = await http.post("/v1/notifications", json=NOTIFICATION, headers=key)
    again = await http.post("/v1/notifications", json=NOTIFICATION, headers=key)
    other = await http.post("/v1/notifications", json=NOTIFICATION | {"text": "Bye"}, headers=key)
    elsewhere = await http.post("/v1/images", json={"object": "images/photo.jpg"}, headers=key)

    assert again.json()["id"] == first.json()["id"]
    assert again.headers["idempotency-replayed"] == "true"
    assert (other.status_code, elsewhere.status_code) == (422, 422)


async def test_a_client_may_wait_for_the_end(http: httpx.AsyncClient) -> None:
    answer = await http.post("/v1/notifications", json=NOTIFICATION, headers={"Prefer": "wait=0"})

    assert (answer.status_code, answer.headers["preference-applied"]) == (202, "wait=0")

"""Requests that make no sense, and the problem that answers each."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field

JSON = {"Content-Type": "application/json"}
AFTER = "/v1/jobs?created_after="
TAGS_17 = json.dumps([f"t{number}" for number in range(17)])
GOOD = b'{"kind": "probe.run", "payload": {"queue": "notifier"}}'
MIB = 1024 * 1024


@dataclass(frozen=True)
class Nonsense:
    """A request and the problem that answers it."""

    name: str
    status: int
    code: str
    body: bytes | None = None
    method: str = "POST"
    path: str = "/v1/jobs"
    headers: Mapping[str, str] | Mapping[bytes, bytes] = field(default_factory=lambda: JSON)
    pointer: str | None = None


def payload(text: str) -> bytes:
    """A submission with this text as its payload."""
    return f'{{"kind": "probe.run", "payload": {text}}}'.encode()


def options(text: str) -> bytes:
    """A submission with this text as its options."""
    return f'{{"kind": "probe.run", "payload": {{"queue": "notifier"}}, "options": {text}}}'.encode()


def malformed(name: str, body: bytes) -> Nonsense:
    return Nonsense(name, 400, "malformed-json", body)


def invalid(name: str, body: bytes, pointer: str) -> Nonsense:
    return Nonsense(name, 422, "invalid-payload", body, pointer=pointer)


def header(name: str, **headers: str) -> Nonsense:
    renamed = {name.replace("_", "-"): value for name, value in headers.items()}
    return Nonsense(name, 400, "bad-parameter", GOOD, headers={**JSON, **renamed})


def media(name: str, body: bytes, headers: dict[str, str]) -> Nonsense:
    return Nonsense(name, 415, "unsupported-media-type", body, headers=headers)


def get(name: str, status: int, code: str, path: str) -> Nonsense:
    return Nonsense(name, status, code, method="GET", path=path, headers={})


def seen(name: str, version: str) -> Nonsense:
    return Nonsense(
        name,
        400,
        "bad-parameter",
        method="GET",
        path="/v1/jobs/x/events",
        headers={b"Last-Event-ID": version.encode()},
    )


def change(
    name: str,
    status: int,
    code: str,
    body: bytes,
    pointer: str | None = None,
    headers: Mapping[str, str] | Mapping[bytes, bytes] = JSON,
) -> Nonsense:
    return Nonsense(name, status, code, body, "PATCH", "/v1/jobs/nobody", headers, pointer)


def wrong_method(method: str, path: str) -> Nonsense:
    return Nonsense(f"{method} {path}", 405, "method-not-allowed", method=method, path=path, headers={})


BODIES = [
    malformed("no body", b""),
    malformed("no JSON", b"kind=probe.run"),
    malformed("broken off", GOOD[:-1]),
    malformed("trailing text", GOOD + b"x"),
    malformed("a byte order mark", b"\xef\xbb\xbf" + GOOD),
    malformed("UTF-16", GOOD.decode().encode("utf-16")),
    malformed("not UTF-8", payload('{"queue": "X"}').replace(b"X", b"\xff")),
    malformed("NaN", payload('{"queue": "notifier", "seconds": NaN}')),
    malformed("Infinity", payload('{"queue": "notifier", "seconds": -Infinity}')),
    malformed("1e999", payload('{"queue": "notifier", "seconds": 1e999}')),
    malformed("1e999 where nothing is expected", payload('{"other": [{"deep": -1e999}]}')),
    malformed("an integer beyond a double", payload(f'{{"queue": "notifier", "seconds": {"9" * 400}}}')),
    malformed("a million digits", payload("9" * 1_000_000)),
    malformed("a lone surrogate", payload(r'{"queue": "\ud800"}')),
    malformed("a lone surrogate in bytes", payload('{"queue": "X"}').replace(b"X", b"\xed\xa0\x80")),
    malformed("a raw NUL", payload('{"queue": "\x00"}')),
    malformed("arrays nested 100,000 deep", b"[" * 100_000 + b"]" * 100_000),
    malformed("objects nested 100,000 deep", b'{"a":' * 100_000 + b"1" + b"}" * 100_000),
    malformed("an unclosed nest", b"[" * 500_000),
    invalid("null", b"null", ""),
    invalid("an array", b"[]", ""),
    invalid("a number", b"1", ""),
    invalid("an empty object", b"{}", "/kind"),
    invalid("a kind that is a number", b'{"kind": 1, "payload": {}}', "/kind"),
    invalid("no payload", b'{"kind": "probe.run"}', "/payload"),
    invalid("a payload that is null", payload("null"), "/payload"),
    invalid("a payload that is a list", payload("[]"), "/payload"),
    invalid("an unknown field", payload('{"queue": "notifier", "a/b~c": 1}'), "/payload/a~1b~0c"),
    invalid("an unknown field outside", GOOD[:-1] + b', "x": 1}', "/x"),
    invalid("a field that is missing", payload("{}"), "/payload/queue"),
    invalid("a string for a number", payload('{"queue": "notifier", "seconds": "1"}'), "/payload/seconds"),
    invalid("a boolean for a number", payload('{"queue": "notifier", "seconds": true}'), "/payload/seconds"),
    invalid("a number for a string", payload('{"queue": 7}'), "/payload/queue"),
    invalid("a number out of range", payload('{"queue": "notifier", "seconds": -1}'), "/payload/seconds"),
    invalid("an unknown mode", payload('{"queue": "notifier", "mode": "no"}'), "/payload/mode"),
    invalid("an unknown queue", payload('{"queue": "nowhere"}'), "/payload/queue"),
    invalid("a queue with an escaped NUL", payload(r'{"queue": "notifier\u0000"}'), "/payload/queue"),
    invalid("a probe that blocks", payload('{"queue": "notifier", "mode": "blocking"}'), "/payload/mode"),
    invalid("a probe that computes", payload('{"queue": "notifier", "mode": "cpu"}'), "/payload/mode"),
    invalid("a probe that takes memory", payload('{"queue": "notifier", "mode": "memory"}'), "/payload/mode"),
    invalid("a probe that kills", payload('{"queue": "notifier", "fail": "kill"}'), "/payload/fail"),
    invalid("options that are null", options("null"), "/options"),
    invalid("an unknown option", options('{"color": "red"}'), "/options/color"),
    invalid("an unknown priority", options('{"priority": "urgent"}'), "/options/priority"),
    invalid("no attempts", options('{"max_attempts": 0}'), "/options/max_attempts"),
    invalid("half an attempt", options('{"max_attempts": 1.5}'), "/options/max_attempts"),
    invalid("no time", options('{"timeout": 0}'), "/options/timeout"),
    invalid("a delay in words", options('{"delay": "PT1M"}'), "/options/delay"),
    invalid("an endless delay", options('{"delay": 1e300}'), "/options/delay"),
    invalid("a time without an offset", options('{"run_at": "2030-01-01T00:00:00"}'), "/options/run_at"),
    invalid("a time that is no time", options('{"run_at": "tomorrow"}'), "/options/run_at"),
    invalid("a time in seconds", options('{"run_at": "1893456000"}'), "/options/run_at"),
    invalid(
        "a time beyond all calendars", options('{"run_at": "9999-12-31T23:59:59-23:59"}'), "/options/run_at"
    ),
    invalid("a time and a delay", options('{"run_at": "2030-01-01T00:00:00Z", "delay": 1}'), "/options"),
    invalid("an empty unique key", options('{"unique_key": ""}'), "/options/unique_key"),
    invalid("tags in one string", options('{"tags": "a,b"}'), "/options/tags"),
    invalid("17 tags", options(f'{{"tags": {TAGS_17}}}'), "/options/tags"),
    invalid("an empty tag", options('{"tags": ["a", ""]}'), "/options/tags/1"),
    invalid("a tag of 65 characters", options(f'{{"tags": ["{"t" * 65}"]}}'), "/options/tags/0"),
    invalid("a tag with a line break", options(r'{"tags": ["a\nb"]}'), "/options/tags/0"),
    invalid("a tag with a NUL", options(r'{"tags": ["\u0000"]}'), "/options/tags/0"),
    invalid("a tag that is null", options('{"tags": [null]}'), "/options/tags/0"),
    invalid("no end to start by", options('{"start_before": "2030-01-01"}'), "/options/start_before"),
    invalid(
        "an end before the beginning",
        options('{"run_at": "2030-01-01T00:00:01Z", "start_before": "2030-01-01T00:00:00Z"}'),
        "/options",
    ),
    invalid("no retention", options('{"retention": 0}'), "/options/retention"),
    invalid("an endless retention", options('{"retention": 1e12}'), "/options/retention"),
    Nonsense("an unknown kind", 422, "unknown-kind", b'{"kind": "no.such", "payload": {}}'),
    Nonsense("an empty kind", 422, "unknown-kind", b'{"kind": "", "payload": {}}'),
    Nonsense("a kind of NULs", 422, "unknown-kind", rb'{"kind": "\u0000\u0000", "payload": {}}'),
    Nonsense("a kind of 1 MB", 422, "unknown-kind", b'{"kind": "%s"}' % (b"k" * 1_000_000)),
    Nonsense("one byte too many", 413, "payload-too-large", GOOD + b" " * (MIB + 1 - len(GOOD))),
    Nonsense("10 MiB", 413, "payload-too-large", b" " * 10 * MIB),
    Nonsense(
        "10 MiB of text", 413, "payload-too-large", b" " * 10 * MIB, headers={"Content-Type": "text/plain"}
    ),
    Nonsense("10 MiB to nowhere", 413, "payload-too-large", b" " * 10 * MIB, path="/no/such/route"),
    Nonsense("10 MiB where nothing is read", 413, "payload-too-large", b" " * 10 * MIB, "GET", "/v1/ledger"),
]

HEADERS = [
    media("no content type", GOOD, {}),
    media("an empty content type", GOOD, {"Content-Type": ""}),
    media("a form", GOOD, {"Content-Type": "application/x-www-form-urlencoded"}),
    media("text", GOOD, {"Content-Type": "text/plain"}),
    media("another JSON", GOOD, {"Content-Type": "application/json-seq"}),
    media("another charset", GOOD, {"Content-Type": "application/json; charset=latin-1"}),
    media("a compressed body", GOOD, {**JSON, "Content-Encoding": "gzip"}),
    media("a content type of 10 kB", GOOD, {"Content-Type": "x" * 10_000}),
    header("an empty idempotency key", idempotency_key=""),
    header("an empty string as idempotency key", idempotency_key='""'),
    header("an open string as idempotency key", idempotency_key='"abc'),
    header("a list as idempotency key", idempotency_key='"a", "b"'),
    header("an idempotency key of 256 characters", idempotency_key=f'"{"k" * 256}"'),
    header("a space in a bare idempotency key", idempotency_key="a b"),
]

PATHS = [
    get("no such route", 404, "not-found", "/v2/jobs"),
    get("the dashboard, which is not there yet", 404, "not-found", "/"),
    get("a slash too many", 404, "not-found", "/v1/jobs/"),
    get("dots", 404, "not-found", "/v1/jobs/../../etc/passwd"),
    get("an id of NUL", 404, "not-found", "/v1/jobs/%00"),
    get("an id that is not UTF-8", 404, "not-found", "/v1/jobs/%ff%fe"),
    get("an id with a surrogate", 404, "not-found", "/v1/jobs/%ed%a0%80"),
    get("an id with a slash", 404, "not-found", "/v1/jobs/a%2Fb"),
    get("an id with a line break", 404, "not-found", "/v1/jobs/a%0d%0aSet-Cookie:%20x"),
    get("an id of 10 kB", 404, "not-found", "/v1/jobs/" + "a" * 10_000),
    get("a payload of nobody", 404, "not-found", "/v1/jobs/%F0%9F%92%A9/payload"),
    get("a result of nobody", 404, "not-found", "/v1/jobs/*/result"),
    get("an unknown problem", 404, "not-found", "/problems/%00"),
    get("an unknown parameter", 400, "bad-parameter", "/v1/jobs?colour=red"),
    get("an unknown state", 400, "bad-parameter", "/v1/jobs?state=lost"),
    get("two states", 400, "bad-parameter", "/v1/jobs?state=queued&state=failed"),
    get("an empty state", 400, "bad-parameter", "/v1/jobs?state="),
    get("an empty kind", 400, "bad-parameter", "/v1/jobs?kind="),
    get("an empty tag", 400, "bad-parameter", "/v1/jobs?tag="),
    get("a tag of 65 characters to find", 400, "bad-parameter", f"/v1/jobs?tag={'t' * 65}"),
    get("a tag with a line break to find", 400, "bad-parameter", "/v1/jobs?tag=a%0Ab"),
    get("two tags", 400, "bad-parameter", "/v1/jobs?tag=a&tag=b"),
    get("a time without an offset to look after", 400, "bad-parameter", f"{AFTER}2030-01-01T00:00:00"),
    get("a plus that is a space in an address", 400, "bad-parameter", f"{AFTER}2030-01-01T00:00:00+01:00"),
    get("a day to look after", 400, "bad-parameter", f"{AFTER}2030-01-01"),
    get("seconds to look after", 400, "bad-parameter", f"{AFTER}1893456000"),
    get("a log of nobody", 404, "not-found", "/v1/jobs/nobody/log"),
    get("events of nobody", 404, "not-found", "/v1/jobs/nobody/events"),
    seen("events after no number", "three"),
    seen("events after nothing", ""),
    seen("events before the first", "-1"),
    seen("events after half a version", "1.5"),
    seen("events after a foreign digit", "٣"),
    get("a page of nothing", 400, "bad-parameter", "/v1/jobs?page_size=0"),
    get("a page too large", 400, "bad-parameter", "/v1/jobs?page_size=501"),
    get("a page in words", 400, "bad-parameter", "/v1/jobs?page_size=ten"),
    get("a page of 5,000 digits", 400, "bad-parameter", f"/v1/jobs?page_size={'9' * 5000}"),
    get("a cursor of ours it is not", 400, "bad-parameter", "/v1/jobs?page_token=abc"),
    get("a cursor that is no text", 400, "bad-parameter", "/v1/jobs?page_token=%ff%00"),
    get("a cursor in Unicode", 400, "bad-parameter", "/v1/jobs?page_token=%F0%9F%92%A9"),
    get("a cursor of NULs", 400, "bad-parameter", "/v1/jobs?page_token=AAAA"),
    get("a cursor beyond time", 400, "bad-parameter", "/v1/jobs?page_token=" + "OTk5" * 2000 + "IGE"),
    get("a cursor of 10 kB", 400, "bad-parameter", "/v1/jobs?page_token=" + "a" * 10_000),
]

CHANGES = [
    change("nothing to change", 400, "malformed-json", b""),
    change("a change that is no JSON", 400, "malformed-json", b"priority=high"),
    change("a change of nothing known", 422, "invalid-payload", b'{"color": "red"}', "/color"),
    change("a change that is a list", 422, "invalid-payload", b"[]", ""),
    change("a change that is null", 422, "invalid-payload", b"null", ""),
    change("a time that is taken away", 422, "invalid-payload", b'{"run_at": null}', "/run_at"),
    change("a priority that is taken away", 422, "invalid-payload", b'{"priority": null}', "/priority"),
    change("tags that are taken away", 422, "invalid-payload", b'{"tags": null}', "/tags"),
    change("a change of the queue", 422, "invalid-payload", b'{"queue": "archiver"}', "/queue"),
    change("an unknown priority to come", 422, "invalid-payload", b'{"priority": "urgent"}', "/priority"),
    change(
        "a time without an offset to come",
        422,
        "invalid-payload",
        b'{"run_at": "2030-01-01T00:00:00"}',
        "/run_at",
    ),
    change("a tag that is a number", 422, "invalid-payload", b'{"tags": [1]}', "/tags/0"),
    change(
        "another patch",
        415,
        "unsupported-media-type",
        b"[]",
        headers={"Content-Type": "application/json-patch+json"},
    ),
    change("a patch of nobody", 404, "not-found", b"{}"),
    change("a change of nobody", 404, "not-found", b'{"priority": "high"}'),
]

METHODS = [
    wrong_method("PUT", "/v1/jobs"),
    wrong_method("DELETE", "/v1/jobs"),
    wrong_method("PATCH", "/v1/jobs"),
    wrong_method("PATCH", "/v1/jobs/x/result"),
    wrong_method("DELETE", "/v1/jobs/x/log"),
    wrong_method("POST", "/v1/jobs/x/events"),
    wrong_method("POST", "/v1/jobs/x"),
    wrong_method("GET", "/v1/jobs/x/retry"),
    wrong_method("DELETE", "/v1/jobs/x/payload"),
    wrong_method("POST", "/v1/ledger"),
    wrong_method("OPTIONS", "/v1/queues"),
    wrong_method("TRACE", "/v1/kinds"),
    wrong_method("POST", "/healthz"),
    wrong_method("POST", "/metrics"),
    wrong_method("POST", "/openapi.json"),
]

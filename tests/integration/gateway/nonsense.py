"""Requests that make no sense, and the problem that answers each."""

from dataclasses import dataclass, field

JSON = {"Content-Type": "application/json"}
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
    headers: dict[str, str] = field(default_factory=lambda: JSON)
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
    invalid("a time beyond all calendars", options('{"run_at": "9999-12-31T23:59:59-23:59"}'), "/options"),
    invalid("a time and a delay", options('{"run_at": "2030-01-01T00:00:00Z", "delay": 1}'), "/options"),
    invalid("an empty unique key", options('{"unique_key": ""}'), "/options/unique_key"),
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

METHODS = [
    wrong_method("PUT", "/v1/jobs"),
    wrong_method("DELETE", "/v1/jobs"),
    wrong_method("PATCH", "/v1/jobs/x"),
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

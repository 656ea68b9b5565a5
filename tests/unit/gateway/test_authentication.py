"""Who is let in: every request asks for a key, but for a list that can be read here."""

from collections.abc import Iterator, MutableMapping
from typing import Any

import pytest
from starlette.types import Message, Receive, Scope, Send

from afterwork import api_keys
from afterwork.api_keys import ApiKey
from gateway.http.authentication import Authentication, bearer_token, identify, is_public

SHOP = api_keys.named("shop", [api_keys.Scope.READ], "key-of-shop")
TILL = api_keys.named("till", [api_keys.Scope.READ], "key-of-till")
OPS = api_keys.named("ops", [api_keys.Scope.ADMIN], "key-of-ops")
KEYS = (SHOP, TILL, OPS)

PUBLIC = ["/healthz", "/readyz", "/openapi.json", "/docs", "/docs/oauth2-redirect", "/problems/not-found"]
PROTECTED = [
    "/v1/jobs",
    "/v1",
    "/",
    "",
    "/metrics",
    "/process/",
    "/long_task",
    "/no/such/route",
    "/healthz/",
    "/healthz/x",
    "/HEALTHZ",
    "//healthz",
    "/docs/",
    "/docs/x",
    "/problems",
    "/problems/x/y",
    "/problems/../v1/jobs",
    "/openapiXjson",
    "/healthz\n",
    "/v1/jobs?/healthz",
]


class Inside:
    """What stands behind the middleware, and remembers whom it served."""

    def __init__(self) -> None:
        self.served: list[ApiKey | None] = []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.served.append(scope["state"]["api_key"] if scope["type"] == "http" else None)
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b""})


async def call(  # one request through the middleware, whose body must not be read
    inside: Inside,
    path: str,
    *authorization: bytes,
    keys: tuple[ApiKey, ...] = KEYS,
    public_metrics: bool = False,
) -> tuple[int, dict[bytes, bytes]]:
    answers: list[MutableMapping[str, Any]] = []

    async def receive() -> Message:
        raise AssertionError("the body was read")

    async def send(message: Message) -> None:
        answers.append(message)

    headers = [(b"host", b"x"), *((b"authorization", value) for value in authorization)]
    scope = {"type": "http", "method": "POST", "path": path, "headers": headers, "state": {}}
    await Authentication(inside, keys=keys, public_metrics=public_metrics)(scope, receive, send)
    return answers[0]["status"], dict(answers[0]["headers"])


@pytest.fixture
def inside() -> Inside:
    return Inside()


@pytest.mark.parametrize("path", PROTECTED)
async def test_any_address_asks_for_a_key_even_if_nothing_is_there(inside: Inside, path: str) -> None:
    status, headers = await call(inside, path)

    assert status == 401
    assert headers[b"www-authenticate"] == b'Bearer realm="afterwork"'
    assert headers[b"content-type"] == b"application/problem+json"
    assert inside.served == []


@pytest.mark.parametrize("path", PUBLIC)
async def test_a_few_addresses_are_open_to_all(inside: Inside, path: str) -> None:
    assert (await call(inside, path))[0] == 200
    assert (await call(inside, path, b"Bearer wrong"))[0] == 200
    assert inside.served == [None, None]


async def test_metrics_are_open_by_setting_and_nothing_else_with_them(inside: Inside) -> None:
    assert (await call(inside, "/metrics", public_metrics=True))[0] == 200
    assert not any(is_public(path, with_metrics=True) for path in PROTECTED if path != "/metrics")


@pytest.mark.parametrize("path", PROTECTED)
async def test_without_any_keys_none_is_asked_for(inside: Inside, path: str) -> None:
    assert (await call(inside, path, keys=()))[0] == 200
    assert inside.served == [None]


@pytest.mark.parametrize(
    "header",
    [
        b"Bearer key-of-till",
        b"bearer key-of-till",
        b"BEARER key-of-till",
        b"Bearer    key-of-till",
        b"Bearer key-of-till  ",
    ],
)
async def test_a_known_key_is_let_in_and_named(inside: Inside, header: bytes) -> None:
    status, _ = await call(inside, "/v1/jobs", header)

    assert status == 200
    assert inside.served == [TILL]


@pytest.mark.parametrize(
    "token",
    [
        b"key-of-til",
        b"key-of-tilly",
        b"Key-of-till",
        b"key-of-till x",
        b'"key-of-till"',
        b"\xff\xfe\x00",
        pytest.param(b"x" * 2**20, id="a mebibyte"),
        pytest.param(TILL.digest.hex().encode(), id="a digest in hex"),
        pytest.param(TILL.digest, id="a digest"),
    ],
)
async def test_any_other_key_is_refused_as_invalid(inside: Inside, token: bytes) -> None:
    status, headers = await call(inside, "/v1/jobs", b"Bearer " + token)

    assert status == 401
    assert headers[b"www-authenticate"] == b'Bearer realm="afterwork", error="invalid_token"'
    assert inside.served == []


@pytest.mark.parametrize(
    "values",
    [
        [],
        [b""],
        [b" "],
        [b"Bearer"],
        [b"Bearer "],
        [b"Bearer  \t "],
        [b"Bearer\tkey-of-till"],
        [b"Bearerkey-of-till"],
        [b"key-of-till"],
        [b"Basic dGlsbDprZXk="],
        [b"Token key-of-till"],
        [b"\xffearer key-of-till"],
        [b"Bearer key-of-till", b"Bearer key-of-till"],
        [b"Bearer key-of-till", b""],
        [b"Basic eDp5", b"Bearer key-of-till"],
        [b"x" * 2**20],
        [b"Bearer " + b" " * 2**20],
    ],
)
async def test_a_header_that_holds_no_key_is_as_good_as_none(inside: Inside, values: list[bytes]) -> None:
    assert bearer_token(values) is None
    status, headers = await call(inside, "/v1/jobs", *values)

    assert status == 401
    assert headers[b"www-authenticate"] == b'Bearer realm="afterwork"'
    assert inside.served == []


class Watched(list[ApiKey]):
    """Keys that remember how far they were looked through."""

    seen = 0

    def __iter__(self) -> Iterator[ApiKey]:
        for key in super().__iter__():
            self.seen += 1
            yield key


@pytest.mark.parametrize("key", [*KEYS, None])
def test_all_keys_are_compared_whichever_it_is(key: ApiKey | None) -> None:
    keys = Watched(KEYS)

    assert identify(keys, f"key-of-{key.name if key else 'nobody'}".encode()) is key
    assert keys.seen == len(KEYS)


@pytest.mark.parametrize("kind", ["websocket", "something.new"])
async def test_what_is_no_http_is_not_served_at_all(inside: Inside, kind: str) -> None:
    async def nothing(*_: object) -> Any:  # noqa: ANN401 - neither of them is called
        raise AssertionError

    scope = {"type": kind, "path": "/v1/jobs", "headers": []}
    await Authentication(inside, keys=KEYS, public_metrics=False)(scope, nothing, nothing)

    assert inside.served == []

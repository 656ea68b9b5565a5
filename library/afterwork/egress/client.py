"""HTTP to addresses that jobs name: only where it is allowed, for a bounded time, and with bounded answers."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Iterable
from http.cookiejar import CookieJar, DefaultCookiePolicy

import certifi
import httpcore
import httpx

from afterwork.egress.allow import AllowList
from afterwork.egress.guard import Guard, Resolve, resolve
from afterwork.errors import EgressRefused

MAX_CONNECTIONS = 100
KEEP_ALIVE = 15.0
"""Seconds for which an unused connection is kept; while it is, its name is not looked up again."""


class AnswerTooLarge(httpx.TransportError):
    """The answer has more bytes than the client takes."""


class Egress:
    """The way out. allow: entries as in `EgressSettings`. Raises ValueError for one that cannot be read.

    resolve: how names become addresses. tls: what certificates are checked by; by default the usual authorities.
    """

    def __init__(
        self, allow: Iterable[str] = (), *, resolve: Resolve = resolve, tls: ssl.SSLContext | None = None
    ) -> None:
        self._allow = AllowList.parse(allow)
        self._resolve = resolve
        self._tls = tls or _usual_authorities()

    def client(
        self, *, seconds: float = 30.0, max_bytes: int = 1024 * 1024, max_redirects: int = 0
    ) -> httpx.AsyncClient:
        """A client, to be closed by who asks for it. It follows so many redirects, each checked like the first request.

        seconds: for one request up to the last byte of its answer. max_bytes: of an answer as it is sent; more raises
        AnswerTooLarge. It raises EgressRefused for what may not be called, keeps no cookies, and heeds no `*_PROXY`.
        """
        return httpx.AsyncClient(
            mounts={
                "https://": _Bounded(self._transport(public=True), seconds, max_bytes),
                "http://": _Bounded(self._transport(public=False), seconds, max_bytes),
            },
            transport=_Nothing(),
            cookies=CookieJar(DefaultCookiePolicy(allowed_domains=())),
            follow_redirects=max_redirects > 0,
            max_redirects=max_redirects,
            timeout=seconds,
            headers={"accept-encoding": "identity"},
            trust_env=False,
        )

    def _transport(self, *, public: bool) -> httpx.AsyncHTTPTransport:
        transport = httpx.AsyncHTTPTransport(verify=self._tls, trust_env=False)
        # httpx offers no way to hand it a network; its documentation names this one
        transport._pool = httpcore.AsyncConnectionPool(  # noqa: SLF001
            ssl_context=self._tls,
            max_connections=MAX_CONNECTIONS,
            keepalive_expiry=KEEP_ALIVE,
            network_backend=Guard(self._allow, self._resolve, public=public),
        )
        return transport


class _Bounded(httpx.AsyncBaseTransport):
    """Ends what takes too long or answers too much. The time begins with the request, redirects have their own."""

    def __init__(self, transport: httpx.AsyncBaseTransport, seconds: float, max_bytes: int) -> None:
        self._transport = transport
        self._seconds = seconds
        self._max_bytes = max_bytes

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if request.url.userinfo:
            raise EgressRefused(f"the address at {request.url.host} has a user name or password in it")
        deadline = asyncio.get_running_loop().time() + self._seconds
        try:
            async with asyncio.timeout_at(deadline):
                response = await self._transport.handle_async_request(request)
        except TimeoutError as error:
            raise _too_slow(request) from error
        response.headers.pop("content-encoding", None)  # httpx would unpack it, to whatever size
        response.stream = _BoundedStream(response, request, deadline, self._max_bytes)
        return response

    async def aclose(self) -> None:
        await self._transport.aclose()


class _BoundedStream(httpx.AsyncByteStream):
    def __init__(
        self, response: httpx.Response, request: httpx.Request, deadline: float, max_bytes: int
    ) -> None:
        assert isinstance(response.stream, httpx.AsyncByteStream)  # noqa: S101 - tells mypy what httpx knows
        self._stream = response.stream
        self._request = request
        self._deadline = deadline
        self._max_bytes = max_bytes

    async def __aiter__(self) -> AsyncIterator[bytes]:
        received = 0
        parts = aiter(self._stream)
        while True:
            try:
                async with asyncio.timeout_at(self._deadline):
                    part = await anext(parts)
            except StopAsyncIteration:
                return
            except TimeoutError as error:
                raise _too_slow(self._request) from error
            received += len(part)
            if received > self._max_bytes:
                raise AnswerTooLarge(f"{self._request.url.host} answers more than {self._max_bytes} bytes")
            yield part

    async def aclose(self) -> None:
        await self._stream.aclose()


class _Nothing(httpx.AsyncBaseTransport):
    """Whatever is neither http: nor https:."""

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        raise EgressRefused(f"{request.url.scheme}: is not spoken")


def _too_slow(request: httpx.Request) -> httpx.ReadTimeout:
    return httpx.ReadTimeout(f"{request.url.host} took too long to answer", request=request)


def _usual_authorities() -> ssl.SSLContext:
    """Those of the system, which an operator can add to, and Mozilla's, where the system has none."""
    context = ssl.create_default_context()
    context.load_verify_locations(certifi.where())
    return context

"""What the services call, and what they do not, seen from servers that are there."""

import asyncio
import gzip
import ssl
import time

import httpx
import pytest
import trustme
from tests.web_servers import OK, endlessly, redirect, slowly, web_server

from afterwork.egress import Egress
from afterwork.egress.client import AnswerTooLarge
from afterwork.errors import EgressRefused


class Names:
    """Resolves as it is told. asked: the names, in turn."""

    def __init__(self, **addresses: list[str]) -> None:
        self._addresses = {name.replace("_", "."): found for name, found in addresses.items()}
        self.asked: list[str] = []

    async def __call__(self, host: str, _port: int) -> list[str]:
        self.asked.append(host)
        return self._addresses[host.rstrip(".")]


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


def of_server(authority: trustme.CA, name: str) -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert(name).configure_cert(context)
    return context


def of_client(authority: trustme.CA) -> ssl.SSLContext:
    context = ssl.create_default_context()
    authority.configure_trust(context)
    return context


async def test_what_is_allowed_is_called_at_the_address_that_was_checked(authority: trustme.CA) -> None:
    # given a name that only our resolver knows, and a certificate for it
    names = Names(hook_test=["127.0.0.1"])
    async with web_server(tls=of_server(authority, "hook.test")) as server:
        egress = Egress((f"127.0.0.1:{server.port}",), resolve=names, tls=of_client(authority))

        # when
        async with egress.client() as client:
            answer = await client.get(f"https://hook.test:{server.port}/path?q=1")

    # then it was looked up once, and the server saw the name
    assert answer.text == "ok"
    assert names.asked == ["hook.test"]
    assert server.requests[0].line == "GET /path?q=1 HTTP/1.1"
    assert server.requests[0].headers["host"] == f"hook.test:{server.port}"


async def test_a_certificate_for_another_name_is_refused(authority: trustme.CA) -> None:
    async with web_server(tls=of_server(authority, "other.test")) as server:
        egress = Egress(("127.0.0.1",), resolve=Names(hook_test=["127.0.0.1"]), tls=of_client(authority))

        async with egress.client() as client:
            with pytest.raises(httpx.ConnectError, match="CERTIFICATE_VERIFY_FAILED"):
                await client.get(f"https://hook.test:{server.port}/")

    assert server.requests == []


@pytest.mark.parametrize("scheme", ["http", "https"])
@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "localhost",
        "LOCALHOST",
        "2130706433",
        "0x7f000001",
        "0x7f.1",
        "0177.0.0.1",
        "127.1",
        "0",
        "0.0.0.0",
        "[::1]",
        "[::]",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
        "[0:0:0:0:0:ffff:127.0.0.1]",
        "[64:ff9b::127.0.0.1]",
        "[2002:7f00:1::]",
    ],
)
async def test_no_spelling_of_this_machine_is_called(host: str, scheme: str) -> None:
    async with web_server() as server, Egress().client(seconds=5) as client:
        with pytest.raises((EgressRefused, httpx.InvalidURL)):
            await client.get(f"{scheme}://{host}:{server.port}/")

    assert server.connections == 0


@pytest.mark.parametrize(
    "url",
    [
        "https://169.254.169.254/latest/meta-data/",
        "https://[fd00:ec2::254]/",
        "https://[::ffff:169.254.169.254]/",
        "https://2852039166/",
        "https://168.63.129.16/",
        "https://10.1.2.3/",
        "https://[fe80::1]/",
        "https://user:pass@93.184.216.34/",
        "https://93.184.216.34\\@127.0.0.1/",
        "http://93.184.216.34/",
        "ftp://93.184.216.34/",
        "file:///etc/passwd",
    ],
)
async def test_what_may_not_be_called_is_refused_before_anything_is_sent(url: str) -> None:
    async with Egress().client(seconds=5) as client:
        with pytest.raises((EgressRefused, httpx.InvalidURL, httpx.UnsupportedProtocol)) as refusal:
            await client.get(url)

    assert "pass" not in str(refusal.value).replace("password", "").replace("passwd", "")


@pytest.mark.parametrize("host", ["sneaky.test", "sneaky.test.", "SNEAKY.test"])
async def test_a_name_that_leads_to_this_machine_is_not_called(host: str) -> None:
    names = Names(sneaky_test=["127.0.0.1"])
    async with web_server() as server, Egress(resolve=names).client() as client:
        with pytest.raises(EgressRefused, match=r"sneaky\.test, port \d+, is not on the public Internet"):
            await client.get(f"https://{host}:{server.port}/")

    assert server.connections == 0


async def test_a_name_is_refused_if_any_of_its_addresses_is() -> None:
    names = Names(both_test=["127.0.0.1", "10.0.0.1"])
    async with web_server() as server:
        egress = Egress((f"127.0.0.1:{server.port}",), resolve=names)

        async with egress.client() as client:
            with pytest.raises(EgressRefused, match=r"both\.test"):
                await client.get(f"http://both.test:{server.port}/")

    assert server.connections == 0


async def test_each_attempt_looks_at_where_the_name_leads_now() -> None:
    # given a name that leads to an allowed address, then to another
    leads_to = ["127.0.0.1"]
    names = Names(hook_test=leads_to)
    async with web_server(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n") as server:
        egress = Egress((f"127.0.0.1:{server.port}",), resolve=names)
        async with egress.client() as client:
            assert (await client.get(f"http://hook.test:{server.port}/")).status_code == 200

            # when it changes, then the next request is refused
            leads_to[:] = ["127.0.0.2"]
            with pytest.raises(EgressRefused):
                await client.get(f"http://hook.test:{server.port}/")

    assert server.connections == 1


async def test_the_next_address_is_called_where_one_does_not_answer() -> None:
    async with web_server() as server:
        egress = Egress(("127.0.0.0/8",), resolve=Names(hook_test=["127.0.0.2", "127.0.0.1"]))

        async with egress.client() as client:
            answer = await client.get(f"http://hook.test:{server.port}/")

    assert answer.text == "ok"


async def test_an_allowed_host_is_called_wherever_it_is_but_for_metadata() -> None:
    async with web_server() as server:
        allowed = (f"hook.test:{server.port}", "meta.test")
        egress = Egress(allowed, resolve=Names(hook_test=["127.0.0.1"], meta_test=["169.254.169.254"]))

        async with egress.client() as client:
            assert (await client.get(f"http://HOOK.test.:{server.port}/")).text == "ok"
            for url in (f"http://hook.test:{server.port + 1}/", "http://meta.test/", "https://meta.test/"):
                with pytest.raises(EgressRefused):
                    await client.get(url)


async def test_a_redirect_is_not_followed_unless_asked_for() -> None:
    async with web_server(redirect("/there"), OK) as server:
        egress = Egress(("127.0.0.1",))
        async with egress.client() as client:
            assert (await client.get(f"http://127.0.0.1:{server.port}/")).status_code == 302
        async with egress.client(max_redirects=1) as client:
            assert (await client.get(f"http://127.0.0.1:{server.port}/")).text == "ok"


async def test_a_redirect_leads_nowhere_that_may_not_be_called() -> None:
    async with web_server() as secret, web_server(redirect(f"http://127.0.0.2:{secret.port}/")) as server:
        egress = Egress((f"127.0.0.1:{server.port}",))

        async with egress.client(max_redirects=5) as client:
            with pytest.raises(EgressRefused):
                await client.get(f"http://127.0.0.1:{server.port}/")

    assert secret.connections == 0


async def test_redirects_come_to_an_end() -> None:
    async with web_server(redirect("/")) as server, Egress(("127.0.0.1",)).client(max_redirects=3) as client:
        with pytest.raises(httpx.TooManyRedirects):
            await client.get(f"http://127.0.0.1:{server.port}/")

    assert len(server.requests) == 4


async def test_a_slow_answer_ends_after_the_time_that_it_may_take() -> None:
    async with web_server(slowly) as server, Egress(("127.0.0.1",)).client(seconds=0.5) as client:
        began = time.monotonic()

        with pytest.raises(httpx.ReadTimeout):
            await client.get(f"http://127.0.0.1:{server.port}/")

    assert time.monotonic() - began < 3


async def test_a_body_that_trickles_ends_after_the_time_that_it_may_take() -> None:
    async def trickle(writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
        while True:
            writer.write(b"x")
            await writer.drain()
            await asyncio.sleep(0.02)

    async with web_server(trickle) as server, Egress(("127.0.0.1",)).client(seconds=0.5) as client:
        with pytest.raises(httpx.ReadTimeout):
            await client.get(f"http://127.0.0.1:{server.port}/")


async def test_an_endless_answer_ends_where_it_is_too_large() -> None:
    async with web_server(endlessly) as server, Egress(("127.0.0.1",)).client(max_bytes=200_000) as client:
        with pytest.raises(AnswerTooLarge, match="more than 200000 bytes"):
            await client.get(f"http://127.0.0.1:{server.port}/")


async def test_an_answer_is_not_unpacked_beyond_its_size() -> None:
    packed = gzip.compress(b"\0" * 10_000_000)
    head = f"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: {len(packed)}\r\n\r\n"
    async with (
        web_server(head.encode() + packed) as server,
        Egress(("127.0.0.1",)).client(max_bytes=100_000) as client,
    ):
        answer = await client.get(f"http://127.0.0.1:{server.port}/")

    assert answer.content == packed
    assert server.requests[0].headers["accept-encoding"] == "identity"


async def test_no_cookie_of_one_request_goes_with_the_next() -> None:
    setting = b"HTTP/1.1 200 OK\r\nSet-Cookie: a=b; Path=/\r\nContent-Length: 0\r\n\r\n"
    async with web_server(setting) as server, Egress(("127.0.0.1",)).client() as client:
        for _ in range(2):
            await client.get(f"http://127.0.0.1:{server.port}/")

    assert "cookie" not in server.requests[1].headers


async def test_a_proxy_of_the_environment_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    async with web_server() as proxy, web_server() as server:
        for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.port}")

        async with Egress(("127.0.0.1",)).client() as client:
            assert (await client.get(f"http://127.0.0.1:{server.port}/")).text == "ok"

    assert proxy.connections == 0


async def test_a_name_that_is_none_is_no_refusal_but_may_be_there_later() -> None:
    async with Egress().client(seconds=5) as client:
        with pytest.raises(httpx.ConnectError, match="cannot be resolved"):
            await client.get("https://nowhere.invalid/")


async def test_a_resolver_that_does_not_answer_is_given_up() -> None:
    async def never(_host: str, _port: int) -> list[str]:
        await asyncio.Event().wait()
        return []

    async with Egress(resolve=never).client(seconds=0.3) as client:
        with pytest.raises(httpx.TimeoutException):
            await client.get("https://slow.test/")

"""A server that cannot be used is named in one line at the start, and in the same words by readyz and doctor."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from click.testing import CliRunner
from tests.integration.engine.reports import codes, reports
from tests.old_redis import OldRedis
from tests.processes import EndedEarlyError, ServiceProcess
from tests.servers import RedisServer, redis_binary
from tests.tls_servers import HOST, Certificates, TlsServer

from afterwork.doctor_command import doctor

pytestmark = pytest.mark.skipif(redis_binary() is None, reason="redis-server is not installed")


@dataclass(frozen=True, slots=True)
class Servers:
    """One of each sort, and the certificates."""

    plain: RedisServer
    tls: TlsServer
    strict: TlsServer
    elsewhere: TlsServer
    certificates: Certificates


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Servers]:
    certificates = Certificates(tmp_path_factory.mktemp("certificates"))
    with (
        RedisServer() as plain,
        TlsServer(certificates) as tls,
        TlsServer(certificates, clients="yes") as strict,
        TlsServer(certificates, name="elsewhere.example") as elsewhere,
    ):
        yield Servers(plain, tls, strict, elsewhere, certificates)


def url_of(case: str, servers: Servers) -> str:
    bare = servers.certificates.bare
    return {
        "tls-untrusted": f"{servers.tls.tls}?ca_file={servers.certificates.stranger}",
        "tls-name": servers.elsewhere.tls + bare,
        "tls-needed": f"redis://{HOST}:{servers.tls.tls_port}/0",
        "tls-unknown": f"rediss://{HOST}:{servers.tls.plain_port}/0{bare}",
        "tls-certificate": servers.strict.tls + bare,
        "password-unknown": f"redis://:secret@{HOST}:{servers.tls.plain_port}/0",
    }[case]


CASES = ["tls-untrusted", "tls-name", "tls-needed", "tls-unknown", "tls-certificate", "password-unknown"]


@pytest.mark.parametrize("case", CASES)
async def test_the_watches_of_loops_and_threads_agree(case: str, servers: Servers) -> None:
    assert await codes(url_of(case, servers)) == [case]


async def test_an_address_is_good_when_all_fits(servers: Servers) -> None:
    assert await codes(servers.tls.tls + servers.certificates.bare) == []
    assert await codes(servers.strict.tls + servers.certificates.with_client) == []


async def test_a_port_where_nobody_listens_is_away_with_and_without_tls() -> None:
    for scheme in ("redis", "rediss"):
        assert await codes(f"{scheme}://127.0.0.1:1/0") == ["away"]


@pytest.mark.parametrize("case", ["tls-untrusted", "tls-needed"])
def test_services_end_at_once_with_the_words_that_doctor_says(
    case: str, servers: Servers, tmp_path: Path
) -> None:
    url = url_of(case, servers)
    seen, _ = asyncio.run(reports(url))
    for service in ("gateway", "notifier"):
        assert refusal(service, url, tmp_path / "log") == f"afterwork: {seen.reason}"

    ended = CliRunner().invoke(doctor, ["--redis-url", url])
    assert (ended.exit_code, seen.reason in ended.output) == (2, True), ended.output


async def test_an_old_server_is_refused_in_the_same_words_everywhere(tmp_path: Path) -> None:
    with OldRedis("6.2.14") as server:
        seen, _ = await reports(server.url)
        assert [each.code for each in seen.findings] == ["too-old"]
        for service in ("gateway", "notifier"):
            assert refusal(service, server.url, tmp_path / "log") == f"afterwork: {seen.reason}"


def refusal(service: str, url: str, log: Path, *, code: int = 1) -> str:
    """The only line that a service writes before it ends."""
    log.unlink(missing_ok=True)
    process = ServiceProcess(service, log, AFTERWORK_REDIS__URL=url)
    with pytest.raises(EndedEarlyError):
        process.start()
    lines = process.log.splitlines()
    assert (process.wait(), len(lines)) == (code, 1), lines
    return lines[0]


def test_a_file_of_certificates_that_is_not_there_is_a_wrong_setting(tmp_path: Path) -> None:
    url = f"rediss://{HOST}:1/0?ca_file={tmp_path / 'missing.pem'}"

    said = refusal("notifier", url, tmp_path / "log", code=2)

    assert said == "afterwork: AFTERWORK_REDIS__URL: ca_file is no file that can be read"

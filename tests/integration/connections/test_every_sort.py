"""Gateway, worker, keeper and doctor reach Redis in each way that its address can name."""

from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
from tests.processes import TRIAL, ServiceProcess, variables
from tests.servers import RedisServer, redis_binary
from tests.tls_servers import HOST, Certificates, TlsServer

Open = Callable[[Path], Iterator[str]]

pytestmark = pytest.mark.skipif(redis_binary() is None, reason="redis-server is not installed")


def unix_socket(_: Path) -> Iterator[str]:
    with RedisServer(redis_binary()) as server:
        yield server.url


def tls(folder: Path) -> Iterator[str]:
    certificates = Certificates(folder)
    with TlsServer(certificates) as server:
        yield server.tls + certificates.bare


def tls_with_a_certificate_of_ours(folder: Path) -> Iterator[str]:
    certificates = Certificates(folder)
    with TlsServer(certificates, clients="yes") as server:
        yield server.tls + certificates.with_client


def user_of_the_docs_over_tls(folder: Path) -> Iterator[str]:
    certificates = Certificates(folder)
    docs = (Path(__file__).parents[3] / "docs" / "redis.md").read_text(encoding="utf-8")
    (rules,) = (line for line in docs.splitlines() if line.startswith("ACL SETUSER afterwork"))
    with TlsServer(certificates) as server, server.client() as admin:
        admin.execute_command(*rules.replace("<password>", "a/b@c").split())
        yield f"rediss://afterwork:a%2Fb%40c@{HOST}:{server.tls_port}/0{certificates.bare}"


@pytest.fixture(params=[unix_socket, tls, tls_with_a_certificate_of_ours, user_of_the_docs_over_tls])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    opened: Open = request.param
    yield from opened(tmp_path)


def test_a_job_runs_from_end_to_end_and_keeps_its_lease(url: str) -> None:
    settings = variables(redis__url=url, lease=1, **TRIAL)
    with (
        ServiceProcess("notifier", None, **settings) as worker,
        ServiceProcess("gateway", None, **settings) as gateway,
    ):
        answer = httpx.post(
            f"{gateway.url}/v1/jobs",
            json={"kind": "probe.run", "payload": {"queue": "notifier", "seconds": 2.5}},
            headers={"Prefer": "respond-async, wait=30"},
            timeout=60,
        )
        job = answer.json()
        assert "state" in job, (job, worker.log, gateway.log)
        assert (job["state"], job["claims"], job["deaths"]) == ("succeeded", 1, 0), job
        assert gateway.get("/readyz").json()["ready"] is True
        assert worker.get("/readyz").status_code == 200
        assert worker.metric("process_start_time_seconds")

"""What a page of `GET /v1/jobs` costs with a million jobs stored, against a `GET` of one job."""

import asyncio
import http.client
import json
from dataclasses import dataclass
from functools import partial
from urllib.parse import urlsplit

from tests.bench.measure import Measure, medians
from tests.processes import ServiceProcess
from tests.servers import RedisServer

from afterwork.contracts import JobOptions
from afterwork.contracts.probe import ProbeRun
from afterwork.engine import JobClient, Submission
from afterwork.engine.server import connection
from afterwork.engine.work.claims import Finish
from afterwork.engine.work.outcome import Done
from afterwork.engine.work.steps import Ask, Steps

BOUND = 3.0
QUEUES = ("notifier", "processor", "archiver")
AT_ONCE = 640


def run(*, is_quick: bool) -> list[Measure]:
    """Store the jobs, a quarter of them finished, then ask for pages and for one job in turn."""
    count = 100_000 if is_quick else 1_000_000
    with RedisServer(appendfsync="everysec") as server:
        asyncio.run(_store(server.url, count))
        with ServiceProcess(
            "gateway", AFTERWORK_REDIS__URL=server.url, AFTERWORK_LOG__LEVEL="warning"
        ) as gateway:
            return _measure(_Reader(gateway.url), count)


def _measure(reader: "_Reader", count: int) -> list[Measure]:
    page = reader.page("/v1/jobs")
    one = f"/v1/jobs/{page.ids[0]}"
    deep = page.next_page_token
    for _ in range(100):
        deep = reader.page(f"/v1/jobs?page_token={deep}").next_page_token
    pages = {
        "first page": "/v1/jobs",
        "page 102": f"/v1/jobs?page_token={deep}",
        "page of one state": "/v1/jobs?state=succeeded",
        "page of one kind and queue": "/v1/jobs?kind=probe.run&queue=archiver",
        "page of one tag": "/v1/jobs?tag=tag-7",
    }
    for name, path in pages.items():
        assert len(reader.page(path).ids) == 50, name
    actions = {name: partial(reader.read, path) for name, path in {"one": one, **pages}.items()}
    seconds = medians(actions, rounds=300)
    circumstances = f"50 jobs of {count:,} stored; GET of one job {seconds['one'] * 1000:.2f} ms"
    return [
        Measure(f"list: {name}", seconds[name] / seconds["one"], BOUND, seconds[name], circumstances)
        for name in pages
    ]


class _Reader:
    """One kept connection to the gateway."""

    def __init__(self, url: str) -> None:
        self._connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=30)

    def read(self, path: str) -> bytes:
        self._connection.request("GET", path)
        answer = self._connection.getresponse()
        body = answer.read()
        assert answer.status == 200, (path, body)
        return body

    def page(self, path: str) -> "_Page":
        found = json.loads(self.read(path))
        return _Page([job["id"] for job in found["jobs"]], found["next_page_token"])


@dataclass(frozen=True, slots=True)
class _Page:
    ids: list[str]
    next_page_token: str | None


async def _store(url: str, count: int) -> None:
    async with JobClient.connect(url) as client:
        for first in range(0, count, AT_ONCE):
            jobs = [
                Submission.of(ProbeRun(queue=QUEUES[number % 3]), JobOptions(tags=[f"tag-{number % 100}"]))
                for number in range(first, min(first + AT_ONCE, count))
            ]
            await client.submit_many(jobs)
    await asyncio.gather(*(_finish(url, queue, count // 12) for queue in QUEUES))


async def _finish(url: str, queue: str, count: int) -> None:
    redis = connection.connect(url)
    steps = Steps(redis, worker=f"bench-{queue}", queue=queue, lease=600, kinds={"probe.run": ProbeRun})
    finishes: list[Finish] = []
    done = 0
    while done < count or finishes:
        reply = await steps.answer(
            steps.begin(Ask(finishes, [], 64 if done < count else 0, suspect_running=False))
        )
        finishes = [Finish(claim, Done(b"null")) for claim in reply.claims]
        done += len(finishes)
    await connection.close(redis)

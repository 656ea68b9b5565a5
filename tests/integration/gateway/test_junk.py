"""What somebody else wrote under ARQ's keys becomes a failed job with its bytes kept; nothing breaks of it."""

import json
import pickle
import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha1
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from tests.integration.gateway.talks import working
from tests.integration.workers.waiting import ended, eventually
from tests.servers import RedisServer

from afterwork.contracts import JobQuery, JobState
from afterwork.contracts.probe import ProbeRun
from afterwork.engine import JobClient, JobRouter
from afterwork.engine.work.worker import Worker

LANE = "aw:lane:notifier:probe.run:"
PROBE = {"queue": "notifier"}


def envelope(payload: object = PROBE, **changed: object) -> bytes:
    """As a stock client writes it, with JSON."""
    return json.dumps({"t": None, "f": "probe.run", "a": [payload], "k": {}, "et": 1, **changed}).encode()


@dataclass(frozen=True, slots=True)
class Junk:
    """A member of a lane, and what its payload is: bytes, nothing, or a command that makes a key of another type."""

    member: bytes
    payload: bytes | tuple[str, ...] | None = b"junk"
    code: str = "undecodable"
    due: str = "1"
    level: str = "normal"
    others: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def job_id(self) -> str:
        """Of the job that it becomes."""
        try:
            text = self.member.decode()
        except UnicodeDecodeError:
            text = ""
        is_sound = 0 < len(self.member) <= 512 and not any(c < 32 or c == 127 for c in self.member)
        return (
            text if text and is_sound else f"adopted-{sha1(self.member, usedforsecurity=False).hexdigest()}"
        )


DEEP = b'{"f":"probe.run","a":[' + b"[" * 5000 + b"]" * 5000 + b"]}"
SHAPES = [
    Junk(b"empty", b""),
    Junk(b"no-json", b"\x00\xff junk"),
    Junk(b"pickled", pickle.dumps({"t": None, "f": "probe.run", "a": (PROBE,), "k": {}, "et": 1})),
    Junk(b"cut-off", envelope()[:-5]),
    Junk(b"a-number", b"5"),
    Junk(b"a-list", b'["a"]'),
    Junk(b"a-text", b'"a"'),
    Junk(b"null", b"null"),
    Junk(b"no-arguments", b"{}"),
    Junk(b"arguments-null", envelope(a=None)),
    Junk(b"arguments-object", envelope(a={"queue": "notifier"}), "payload-invalid"),
    Junk(b"too-few", envelope(a=[])),
    Junk(b"too-many", envelope(a=[PROBE, PROBE])),
    Junk(b"another-function", envelope(f="os.system")),
    Junk(b"no-function", envelope(f=None)),
    Junk(b"nan", b'{"f":"probe.run","a":[{"queue":"notifier","seconds":NaN}]}'),
    Junk(b"huge-number", b'{"f":"probe.run","a":[{"seconds":' + b"9" * 5000 + b"}]}"),
    Junk(b"deep", DEEP),
    Junk(b"surrogate", b'{"f":"probe.run","a":["\\ud800"]}'),
    Junk(b"invalid", envelope({"queue": "notifier", "seconds": -1}), "payload-invalid"),
    Junk(b"unknown-field", envelope({**PROBE, "nope": 1}), "payload-invalid"),
    Junk(b"large", b"x" * 400_000),
    Junk(b"no-payload", None),
    Junk(b"payload-list", ("RPUSH", "a", "b")),
    Junk(b"payload-hash", ("HSET", "a", "b")),
    Junk(b"payload-set", ("SADD", "a")),
    Junk(b"payload-stream", ("XADD", "*", "a", "b")),
    Junk(b"result-hash", b"junk", others={"arq:result:": ("HSET", "a", "b")}),
    Junk(b"result-text", b"junk", others={"arq:result:": ("SET", "junk")}),
    Junk(b"retries-text", b"junk", others={"arq:retry:": ("SET", "junk")}),
    Junk(b""),
    Junk(b" with a space "),
    Junk("ünïcödé".encode()),
    Junk(b"new\nline"),
    Junk(b"nul\x00inside", None),
    Junk(b"\xff\xfe", None),
    Junk(b"\xed\xa0\x80"),
    Junk(b"overlong\xc0\xaf", ("RPUSH", "a")),
    Junk(b"half\xc3"),
    Junk(b"/../a?b#c%41"),
    Junk(b"h" * 512),
    Junk(b"h" * 513),
    Junk(b"h" * 1_000_000, None),
    Junk(b"minus-infinity", due="-inf"),
    Junk(b"a-fraction", due="12.75"),
    Junk(b"before-1970", due="-5"),
    Junk(b"tiny", due="1e-300"),
    Junk(b"high", level="high"),
    Junk(b"low", level="low"),
]  # fmt: skip


def write(redis: Any, junk: Junk) -> None:  # noqa: ANN401 - typed by redis-py as perhaps awaitable
    """As somebody who knows ARQ's keys, and nothing else."""
    match junk.payload:
        case bytes() as body:
            redis.set(b"arq:job:" + junk.member, body, px=3_600_000)
        case (command, *arguments):
            redis.execute_command(command, b"arq:job:" + junk.member, *arguments)
    for prefix, (command, *arguments) in junk.others.items():
        redis.execute_command(command, prefix.encode() + junk.member, *arguments)
    redis.execute_command("ZADD", LANE + junk.level, junk.due, junk.member)


async def becomes_a_failed_job(http: httpx.AsyncClient, junk: Junk) -> None:
    shown = (await http.get(f"/v1/jobs/{quote(junk.job_id, safe='')}")).json()
    assert (shown["id"], shown["state"]) == (junk.job_id, "failed")
    assert shown["error"]["type"] == f"/problems/{junk.code}", shown
    answer = await http.get(f"/v1/jobs/{quote(junk.job_id, safe='')}/payload")
    assert answer.status_code == (404 if junk.payload is None else 200)
    if isinstance(junk.payload, bytes) and answer.headers["Content-Type"] == "application/octet-stream":
        assert answer.content == junk.payload


async def all_can_be_shown(http: httpx.AsyncClient) -> None:
    token: str | None = ""
    while token is not None:
        answer = await http.get(
            "/v1/jobs", params={"page_size": 100, **({"page_token": token} if token else {})}
        )
        assert answer.status_code == 200
        token = answer.json()["next_page_token"]
    for path in ("/v1/queues", "/v1/ledger", "/metrics", "/readyz"):
        assert (await http.get(path)).status_code == 200


@pytest.mark.parametrize(
    "junk", SHAPES, ids=lambda junk: junk.member[:20].decode("ascii", "backslashreplace")
)
async def test_junk_fails_as_a_job_before_a_worker_sees_it_or_after(
    junk: Junk, http: httpx.AsyncClient, jobs: JobClient, worker: Worker, redis_server: RedisServer
) -> None:
    # given junk in a lane
    with redis_server.client() as redis:
        write(redis, junk)

    # when a job comes after it
    good = await jobs.submit(ProbeRun(queue="notifier"))
    (done,) = await ended(jobs, good.job.id)

    # then that runs, and the junk is a job that has failed
    assert done.state is JobState.SUCCEEDED
    await eventually(lambda: jobs.list(JobQuery(state=JobState.FAILED)), lambda page: len(page.jobs) == 1)
    if "/" not in junk.job_id:
        await becomes_a_failed_job(http, junk)
    await all_can_be_shown(http)
    assert (await jobs.ledger()).imbalance == 0
    with redis_server.client() as redis:
        assert redis.zcard(LANE + junk.level) == 0


@pytest.mark.parametrize("seed", range(3))
async def test_any_bytes_fail_as_jobs_and_hold_up_nobody(
    seed: int, http: httpx.AsyncClient, jobs: JobClient, worker: Worker, redis_server: RedisServer
) -> None:
    # given hundreds of members and payloads of random bytes, spoiled envelopes among them
    chance = random.Random(seed)
    members = {chance.randbytes(chance.choice([1, 2, 8, 40])) for _ in range(300)}
    with redis_server.client() as redis:
        for member in members:
            write(redis, Junk(member, spoiled(chance), due=str(chance.uniform(-1e9, 1e12))))

    # when a job comes after them
    good = await jobs.submit(ProbeRun(queue="notifier"))
    (done,) = await ended(jobs, good.job.id)

    # then it runs, and each of them has failed
    assert done.state is JobState.SUCCEEDED
    counts = await eventually(jobs.ledger, lambda ledger: ledger.queued + ledger.running == 0)
    assert (counts.adopted, counts.failed, counts.imbalance) == (len(members), len(members), 0)
    await all_can_be_shown(http)


def spoiled(chance: random.Random) -> bytes | tuple[str, ...] | None:
    """No payload, one of another type, random bytes, or an envelope of which some bytes are not what they were."""
    match chance.randrange(8):
        case 0:
            return None
        case 1:
            return ("SADD", "a")
        case 2 | 3:
            return chance.randbytes(chance.randrange(200))
    content = bytearray(envelope({"queue": "notifier", "seconds": -1}))
    for _ in range(chance.randrange(1, 8)):
        content[chance.randrange(len(content) - 20)] = chance.randrange(256)
    return bytes(content)


@pytest.mark.parametrize("key", [f"{LANE}normal", "aw:limits:notifier", "aw:suspects:notifier"])
async def test_a_queue_with_a_broken_key_can_be_shown(
    key: str, http: httpx.AsyncClient, jobs: JobClient, redis_server: RedisServer
) -> None:
    # given a job of a queue, one key of which somebody has made his own
    with redis_server.client() as redis:
        redis.set(key, "not ours")
    await jobs.submit(ProbeRun(queue="notifier"))

    # then all can be shown, and the job runs once that is gone
    await all_can_be_shown(http)
    with redis_server.client() as redis:
        redis.delete(key)
    async with working(redis_server, JobRouter("notifier")):
        await eventually(
            lambda: jobs.list(JobQuery(state=JobState.SUCCEEDED)), lambda page: len(page.jobs) == 1
        )

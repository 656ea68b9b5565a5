"""Who is compared: how each peer is started, and how Redis tells what it has not done yet."""

import json
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, cast

from redis import Redis
from tests.bench.peers import environments

Left = Callable[["Redis"], int]


@dataclass(frozen=True, slots=True)
class Counts:
    """Jobs of one round by the way they are sent: one after another, by 50 senders, by calls of 1000."""

    singly: int
    at_once: int
    bulk: int = 0


FAST = Counts(singly=1000, at_once=15_000, bulk=25_000)
SLOW = Counts(singly=300, at_once=1700)
SLOW_WITH_BULK = Counts(singly=300, at_once=1000, bulk=1000)


@dataclass(frozen=True, slots=True)
class Peer:
    """One engine.

    lock: of its environment. packages: whose versions are named. left: jobs in Redis that are not finished.
    is_reference: ratios with it are promised, so it takes part in every round, also of a quick run.
    """

    name: str
    lock: str
    packages: tuple[str, ...]
    left: Left
    counts: Counts
    is_reference: bool = False
    variables: Mapping[str, str] = field(default_factory=dict)

    def command(self) -> list[str]:
        """What its `work` and `fill` are appended to. Raises MissingError."""
        match self.lock:
            case "":
                return [sys.executable, "-m", "tests.bench.peers.ours"]
            case "bullmq":
                return environments.node()
            case _:
                return [
                    *environments.python(environments.LOCKS / f"{self.lock}.txt"),
                    "-m",
                    f"tests.bench.peers.{self.lock}",
                ]

    def versions(self) -> dict[str, str]:
        """Of its packages, as they are locked."""
        if self.lock == "bullmq":
            found = json.loads((environments.NODE / "package.json").read_bytes())["dependencies"]
        elif self.lock:
            found = environments.versions(self.lock)
        else:
            return {}
        return {package: found[package] for package in self.packages}


def _ours(redis: "Redis") -> int:
    return _sum(
        redis, ("zcard", "aw:ix:bench:bench.noop:waiting"), ("zcard", "aw:ix:bench:bench.noop:running")
    )


def _arq(redis: "Redis") -> int:
    return _sum(redis, ("zcard", "arq:queue"))


def _streaq(redis: "Redis") -> int:
    return _sum(redis, ("xlen", "streaq:bench:queues:normal"))


def _saq(redis: "Redis") -> int:
    return _sum(redis, ("zcard", "saq:bench:incomplete"))


def _taskiq(redis: "Redis") -> int:
    """What the group has not read yet, and what it has not confirmed."""
    groups = cast(list[dict[str, Any]], redis.xinfo_groups("bench"))
    return int(groups[0]["lag"]) + int(groups[0]["pending"])


def _dramatiq(redis: "Redis") -> int:
    return _sum(redis, ("hlen", "dramatiq:bench.msgs"))


def _docket(redis: "Redis") -> int:
    return _sum(redis, ("xlen", "bench:stream"))


def _bullmq(redis: "Redis") -> int:
    return _sum(redis, ("llen", "bull:bench:wait"), ("llen", "bull:bench:active"))


def _sum(redis: "Redis", *calls: tuple[str, str]) -> int:
    with redis.pipeline(transaction=True) as pipe:
        for call in calls:
            pipe.execute_command(*call)  # type: ignore[no-untyped-call]
        return sum(pipe.execute())


OURS = Peer("Afterwork", "", (), _ours, FAST, is_reference=True)
BULLMQ = Peer("BullMQ", "bullmq", ("bullmq", "ioredis"), _bullmq, FAST, is_reference=True)
ARQ = Peer("arq", "arq", ("arq", "redis"), _arq, SLOW)
ARQ_TUNED = Peer(
    "arq tuned", "arq", ("arq", "redis"), _arq, SLOW, is_reference=True, variables={"BENCH_TUNED": "1"}
)
PYTHON = (
    ARQ,
    ARQ_TUNED,
    Peer("streaq", "streaq", ("streaq", "coredis"), _streaq, SLOW_WITH_BULK),
    Peer("saq", "saq", ("saq", "redis"), _saq, SLOW),
    Peer("taskiq stream", "taskiq", ("taskiq", "taskiq-redis", "redis"), _taskiq, SLOW),
    Peer("dramatiq", "dramatiq", ("dramatiq", "redis"), _dramatiq, Counts(singly=2000, at_once=0)),
    Peer("docket tuned", "docket", ("pydocket", "redis"), _docket, SLOW_WITH_BULK),
)
PEERS = (BULLMQ, *PYTHON)

"""What is read out of a server's answers, as old and new servers gave them."""

import pytest
from redis.exceptions import NoPermissionError, ReadOnlyError, ResponseError

from afterwork.contracts import Durability
from afterwork.engine.server.answers import Answers, answers_from, info_from
from afterwork.engine.server.check import UnfitServer, judge, unreachable

SERVERS = {
    "Redis 6.2": b"# Server\r\nredis_version:6.2.14\r\nredis_mode:standalone\r\n",
    "Redis 7.0": b"# Server\r\nredis_version:7.0.15\r\nredis_mode:standalone\r\n",
    "Redis 7.2": b"# Server\r\nredis_version:7.2.4\r\nredis_mode:standalone\r\n",
    "Redis 10.0": b"# Server\r\nredis_version:10.0.0\r\nredis_mode:standalone\r\n",
    "Valkey 7.2": b"# Server\r\nredis_version:7.2.4\r\nserver_name:valkey\r\nvalkey_version:7.2.5\r\n",
    "Valkey 9.1": b"# Server\r\nredis_version:7.2.4\r\nserver_name:valkey\r\nvalkey_version:9.1.2\r\n",
    "Valkey 7.1": b"# Server\r\nredis_version:7.2.4\r\nserver_name:valkey\r\nvalkey_version:7.1.9\r\n",
}
"""The beginnings of `INFO server`."""

HEALTHY = (
    b"# Memory\r\nused_memory:1000000\r\nmaxmemory:0\r\nmaxmemory_policy:noeviction\r\n",
    b"# Persistence\r\nloading:0\r\naof_enabled:1\r\naof_last_write_status:ok\r\n",
    b"# Replication\r\nrole:master\r\nconnected_slaves:0\r\n",
)
DURABLE = {
    "appendonly": "yes",
    "appendfsync": "always",
    "no-appendfsync-on-rewrite": "no",
    "maxmemory": "0",
    "maxmemory-policy": "noeviction",
}


def answers(server: str = "Valkey 9.1", **changes: str | int) -> Answers:
    """Those of a healthy server of this version, with other values in its INFO."""
    return Answers({**info_from([SERVERS[server], *HEALTHY]), **changes}, DURABLE)


def codes(of: Answers, *, replicas: int = 0) -> list[str]:
    return [finding.code for finding in judge(of, replicas=replicas).findings]


@pytest.mark.parametrize(
    ("server", "flavour", "version", "is_fit"),
    [
        ("Redis 6.2", "Redis", "6.2.14", False),
        ("Redis 7.0", "Redis", "7.0.15", True),
        ("Redis 10.0", "Redis", "10.0.0", True),
        ("Valkey 7.1", "Valkey", "7.1.9", False),
        ("Valkey 7.2", "Valkey", "7.2.5", True),
        ("Valkey 9.1", "Valkey", "9.1.2", True),
    ],
)
def test_flavour_and_version_are_told_apart(server: str, flavour: str, version: str, *, is_fit: bool) -> None:
    report = judge(answers(server))

    assert (report.flavour, report.version, report.is_fit) == (flavour, version, is_fit)
    assert [finding.code for finding in report.findings] == ([] if is_fit else ["too-old"])


def test_an_old_server_is_refused_for_its_age_alone() -> None:
    """What an old server refuses (functions with flags) says nothing that its age does not."""
    old = Answers(
        info_from([SERVERS["Redis 6.2"], *HEALTHY]), {}, ResponseError("ERR Error compiling script")
    )

    with pytest.raises(UnfitServer, match=r"Redis 6\.2\.14 is too old: Redis 7\.0 or newer is needed"):
        judge(old).refuse_what_lasts()


@pytest.mark.parametrize(
    ("maxmemory", "policy", "found"),
    [
        (0, "noeviction", []),
        (0, "allkeys-lru", ["eviction-armed"]),
        (0, "volatile-ttl", ["eviction-armed"]),
        (10**9, "noeviction", []),
        (10**9, "allkeys-lru", ["evicting"]),
        (10**9, "allkeys-random", ["evicting"]),
        (10**9, "volatile-lru", ["evicting-volatile"]),
    ],
)
def test_a_policy_that_deletes_jobs_is_a_fault_once_there_is_a_limit(
    maxmemory: int, policy: str, found: list[str]
) -> None:
    report = judge(answers(maxmemory=maxmemory, maxmemory_policy=policy))

    assert [finding.code for finding in report.findings] == found
    assert report.is_fit == (found != ["evicting"])


@pytest.mark.parametrize(
    ("used", "found"), [(900, []), (901, ["memory-nearly-full"]), (1000, ["memory-full"])]
)
def test_memory_is_announced_before_it_is_full(used: int, found: list[str]) -> None:
    assert codes(answers(used_memory=used, maxmemory=1000)) == found


@pytest.mark.parametrize(
    ("change", "found"),
    [
        ({"role": "slave"}, "read-only"),
        ({"aof_last_write_status": "err"}, "append-only-fails"),
        ({"redis_mode": "cluster"}, "cluster"),
        ({"server_mode": "sentinel"}, "cluster"),
    ],
)
def test_what_makes_writing_impossible_is_a_fault(change: dict[str, str], found: str) -> None:
    assert [finding.code for finding in judge(answers(**change)).faults] == [found]


@pytest.mark.parametrize(
    ("server", "connected", "wanted", "found"),
    [
        ("Valkey 9.1", 0, 0, []),
        ("Valkey 9.1", 1, 2, ["replicas-missing"]),
        ("Valkey 9.1", 2, 2, []),
        ("Redis 7.2", 1, 1, []),
        ("Redis 7.0", 1, 1, ["replicas-untold"]),
    ],
)
def test_replicas_are_looked_for_if_they_are_wanted(
    server: str, connected: int, wanted: int, found: list[str]
) -> None:
    assert codes(answers(server, connected_slaves=connected), replicas=wanted) == found


def test_a_refused_write_is_a_fault_told_once() -> None:
    refused = Answers({**answers().info, "role": "slave"}, DURABLE, ReadOnlyError("You can't write"))

    assert codes(refused) == ["read-only"]


def test_faults_come_before_warnings_and_alone_make_the_reason() -> None:
    report = judge(Answers({**answers().info, "role": "slave"}, {**DURABLE, "appendfsync": "everysec"}))

    assert [finding.code for finding in report.findings] == ["read-only", "everysec"]
    assert report.reason == report.findings[0].text


def test_without_config_the_info_still_tells_whether_there_is_a_file() -> None:
    without = judge(Answers(answers(aof_enabled=0).info, {}))
    silent = judge(Answers(answers().info, {}))

    assert (without.durability, [each.code for each in without.findings]) == (
        Durability.MEMORY,
        ["memory-only"],
    )
    assert (silent.durability, [each.code for each in silent.findings]) == (
        Durability.UNKNOWN,
        ["config-hidden"],
    )


def test_a_server_that_tells_nothing_is_used_with_a_warning() -> None:
    forbidden = NoPermissionError("User x has no permissions to run the 'info' command")

    report = judge(answers_from([*[forbidden] * 5, 1, [b"subscribe", b"", 1]]))

    assert report.is_fit
    assert [each.code for each in report.findings] == ["info-hidden", "config-hidden"]


def test_no_waiting_is_asked_for_where_waiting_helps() -> None:
    judge(answers(role="slave")).refuse_what_lasts()
    unreachable(ConnectionRefusedError()).refuse_what_lasts()

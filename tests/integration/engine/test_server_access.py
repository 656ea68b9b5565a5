"""Passwords and permissions: what is wrong with them is told apart, and none of them is told."""

from pathlib import Path

import pytest
from tests.integration.engine.reports import Admin, codes, reports, seen_by
from tests.processes import ServiceProcess
from tests.servers import RedisServer

from afterwork.contracts import Durability, JobOptions, JobState
from afterwork.contracts.probe import ProbeRun
from afterwork.engine import JobClient, UnfitServer


def with_password(server: RedisServer, password: str, user: str = "") -> str:
    return f"unix://{user}:{password}@{server.socket}"


async def test_what_is_wrong_with_a_password_is_told_apart(server: RedisServer, admin: Admin) -> None:
    assert await codes(with_password(server, "secret")) == ["password-unknown"]

    async with JobClient.connect(server.url) as connected:
        await connected.ledger()
        admin.config_set("requirepass", "secret")

        assert await codes(server.url) == ["password-needed"]
        assert await codes(with_password(server, "false")) == ["password-wrong"]
        assert await codes(with_password(server, "secret", "nobody")) == ["password-wrong"]
        assert await codes(with_password(server, "secret")) == []
        # an open connection outlives the change, but is not believed
        await seen_by(connected, lambda report: [each.code for each in report.faults] == ["password-needed"])
        with pytest.raises(UnfitServer, match="asks for a password"):
            await connected.check_server()

        admin.config_set("requirepass", "")
        await seen_by(connected, lambda report: report.is_fit)


@pytest.mark.parametrize(
    ("rules", "found", "named"),
    [
        ("-eval", ["not-permitted"], "EVAL"),
        ("-zrem", ["not-permitted"], "ZREM"),
        ("resetkeys ~other:*", ["not-permitted"], "keys"),
        ("resetchannels", ["not-permitted"], "channels"),  # what a user of Redis 7 has unless told otherwise
        ("resetchannels &other:*", ["not-permitted"], "channels"),
        ("-publish", ["not-permitted"], "PUBLISH"),
        ("-subscribe", ["not-permitted"], "SUBSCRIBE"),
        ("-config", ["config-hidden"], "CONFIG GET"),
        ("-info", ["info-hidden"], "INFO"),
        ("-info -config", ["info-hidden", "config-hidden"], "INFO"),
    ],
)
async def test_what_a_user_may_not_do_is_named(
    server: RedisServer, admin: Admin, rules: str, found: list[str], named: str
) -> None:
    admin.execute_command("ACL", "SETUSER", "bob", "on", ">secret", "~*", "&*", "+@all", *rules.split())
    url = with_password(server, "secret", "bob")

    assert await codes(url) == found
    seen, _ = await reports(url)
    assert named in seen.reason or "keys" in seen.reason  # Redis 7.0 does not name the command of a script
    assert "bob" not in seen.reason
    assert "secret" not in seen.reason


async def test_the_rules_of_the_docs_suffice(server: RedisServer, admin: Admin) -> None:
    docs = (Path(__file__).parents[3] / "docs" / "redis.md").read_text(encoding="utf-8")
    (rules,) = (line for line in docs.splitlines() if line.startswith("ACL SETUSER afterwork"))
    admin.execute_command(*rules.replace("<password>", "secret").split())
    url = with_password(server, "secret", "afterwork")

    assert await codes(url) == []
    async with JobClient.connect(url) as client:
        submitted = await client.submit(ProbeRun(queue="notifier"))
        await client.cancel(submitted.job.id)
        await client.retry(submitted.job.id)
        assert await client.reap(15) == 0
        assert await client.sweep() == 0
        assert submitted.job.durability is Durability.FSYNC

        with ServiceProcess("notifier", AFTERWORK_REDIS__URL=url) as worker:
            assert worker.get("/readyz").json() == {"status": "ready"}
            assert (await client.wait(submitted.job.id, timeout=20)).state is JobState.SUCCEEDED
            assert "forbids" not in worker.log
            assert "permission" not in worker.log
    assert admin.execute_command("ACL", "LOG") == []


async def test_a_user_who_may_not_publish_breaks_no_transition(server: RedisServer, admin: Admin) -> None:
    """Nobody starts with such a user; but rights may be taken away from one who has started."""
    admin.execute_command("ACL", "SETUSER", "bob", "on", ">secret", "~*", "+@all", "resetchannels")
    async with JobClient.connect(with_password(server, "secret", "bob")) as client:
        job = (await client.submit(ProbeRun(queue="notifier"), JobOptions(delay=60))).job

        cancelled = await client.cancel(job.id)

        assert cancelled.state is JobState.CANCELLED
        assert (await client.ledger()).imbalance == 0

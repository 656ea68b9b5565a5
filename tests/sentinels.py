"""Real sentinels over a real primary and its replica."""

from types import TracebackType
from typing import Self

from tests.servers import RedisServer, free_port, redis_binary, wait_until

NAME = "afterwork"
HOST = "127.0.0.1"


class Sentinel(RedisServer):
    """One redis-sentinel that watches a primary alone, and promotes the replica a second after it is gone."""

    def __init__(self, primary_port: int, password: str = "") -> None:
        super().__init__(redis_binary())
        self.port = free_port()
        settings = [
            f"port {self.port}",
            f"unixsocket {self.socket}",
            f"dir {self.directory}",
            f"sentinel monitor {NAME} {HOST} {primary_port} 1",
            f"sentinel down-after-milliseconds {NAME} 1000",
            f"sentinel failover-timeout {NAME} 5000",
            *([f"requirepass {password}"] if password else []),
        ]
        self.url = f"unix://:{password}@{self.socket}" if password else self.url
        (self.directory / "sentinel.conf").write_text("\n".join(settings))

    def _arguments(self) -> list[str]:
        return [str(self.directory / "sentinel.conf"), "--sentinel"]


class Pair:
    """A primary with a replica, and two sentinels, of which the first named is not there.

    url: that leads to whichever is the primary.
    """

    def __init__(self) -> None:
        self.primary = RedisServer(redis_binary(), port=str(free_port()), repl_diskless_sync_delay="0")
        self.replica = RedisServer(redis_binary(), port=str(free_port()))
        self.sentinel = Sentinel(int(self.primary.options["port"]))
        self.url = f"redis+sentinel://{HOST}:1,{HOST}:{self.sentinel.port}/{NAME}/0"

    def __enter__(self) -> Self:
        self.primary.__enter__()
        self.replica.__enter__()
        with self.replica.client() as client:
            client.execute_command("REPLICAOF", HOST, self.primary.options["port"])
            wait_until(lambda: client.info("replication")["master_link_status"] == "up")
        self.sentinel.__enter__()
        with self.sentinel.client() as client:
            wait_until(
                lambda: client.sentinel_master(NAME)["num-slaves"] == 1, what="the sentinel sees the replica"
            )
        return self

    def await_replica(self) -> None:
        """Return when the replica has all that the primary has. WAIT is for what its own connection has written."""
        with self.primary.client() as client:
            client.set("written", 1)
            assert client.execute_command("WAIT", 1, 10_000) == 1

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for server in (self.sentinel, self.replica, self.primary):
            server.__exit__(kind, error, trace)

"""Commands packed by hiredis, in C: 0.8 µs for nine arguments, where redis-py's asyncio connections take 5.1 µs."""

from typing import Any

from redis.asyncio.connection import AbstractConnection
from redis.connection import HiredisRespSerializer
from redis.exceptions import ConnectionError as LostConnection

_SERIALIZER = HiredisRespSerializer()


class Packing(AbstractConnection):
    """A connection of redis-py, packed by hiredis."""

    def pack_command(self, *args: Any) -> list[bytes]:  # noqa: ANN401 - redis-py's signature
        """The command in Redis' protocol, in one piece. Raises DataError for what has no place in it."""
        packed: list[bytes] = _SERIALIZER.pack(*args)
        return packed

    async def send_packed_command(self, *args: Any, **options: Any) -> None:  # noqa: ANN401 - redis-py's signature
        """As redis-py does; a connection that was reset meanwhile is a lost one, which uvloop calls a RuntimeError."""
        try:
            await super().send_packed_command(*args, **options)
        except RuntimeError as error:
            raise LostConnection("Connection closed by server") from error


def packing(connection: type[AbstractConnection]) -> type[AbstractConnection]:
    """The same sort of connection (TCP, TLS, Unix socket), packed by hiredis."""
    return type(f"Packing{connection.__name__}", (Packing, connection), {})

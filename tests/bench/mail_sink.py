"""A mail server for benchmarks, in a process of its own: takes everything, and prints when it took each message."""

import asyncio
import sys
import time

from aiosmtpd.smtp import SMTP, Envelope, Session


class Sink:
    """Prints a line per message: seconds of the monotonic clock."""

    async def handle_DATA(self, _server: SMTP, _session: Session, _envelope: Envelope) -> str:  # noqa: N802
        """Confirm it."""
        sys.stdout.write(f"{time.monotonic()}\n")
        sys.stdout.flush()
        return "250 taken"


async def main() -> None:
    """Print the port, then serve until killed."""
    server = await asyncio.get_running_loop().create_server(
        lambda: SMTP(Sink(), hostname="localhost", enable_SMTPUTF8=True), "127.0.0.1", 0
    )
    sys.stdout.write(f"{server.sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main())

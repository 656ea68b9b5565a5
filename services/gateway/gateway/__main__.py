"""`python -m gateway`: builds what the gateway needs from its settings and serves until it is told to stop."""

import asyncio
import socket
import sys

import uvloop

from afterwork.contracts import registry
from afterwork.engine import Duties, JobClient
from afterwork.telemetry import configure_logging
from gateway.app import create_app
from gateway.serving import Server, listen
from gateway.settings import GatewaySettings


def main() -> None:
    """Run one gateway. Exit code 0 after SIGTERM or SIGINT, 1 if it cannot start, 2 for wrong settings."""
    settings = GatewaySettings.load()
    configure_logging(settings.log)
    try:
        listener = listen(settings.gateway.host, settings.gateway.port)
    except OSError as error:
        sys.exit(
            f"afterwork: cannot listen on {settings.gateway.host}:{settings.gateway.port}: {error.strerror}"
        )
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_serve(settings, listener))


async def _serve(settings: GatewaySettings, listener: socket.socket) -> None:
    async with (
        JobClient.connect(settings.redis.url) as client,
        Duties(client, lease=settings.lease),
    ):
        app = create_app(settings, client=client, kinds=registry.kinds(), services=registry.services())
        await Server(app, ready_fd=settings.ready_fd).serve([listener])


if __name__ == "__main__":
    main()

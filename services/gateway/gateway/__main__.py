"""`python -m gateway`: builds what the gateway needs from its settings and serves until it is told to stop."""

import asyncio
import gc
import socket
import sys

import uvloop

from afterwork.contracts import registry
from afterwork.documents import Documents, UnfitDatabase
from afterwork.engine import Duties, JobClient, UnfitServer
from afterwork.errors import StoreUnavailable
from afterwork.listening import Unreachable, address_of
from afterwork.settings import refuse
from afterwork.stores import Stores
from afterwork.telemetry import configure_logging
from gateway.app import create_app
from gateway.http.serving import Server, allow_connections, listen
from gateway.settings import GatewaySettings


def main() -> None:
    """Run one gateway. Exit code 0 after SIGTERM or SIGINT, 1 if it cannot start, 2 for wrong settings."""
    settings = GatewaySettings.load()
    configure_logging(settings.log)
    try:
        address = address_of(settings.gateway.host, has_keys=bool(settings.api_keys))
        listener = listen(address, settings.gateway.port)
    except Unreachable as fault:
        refuse(f"AFTERWORK_GATEWAY__HOST: {settings.gateway.host}: {fault}")
    except OSError as error:
        sys.exit(
            f"afterwork: cannot listen on {settings.gateway.host}:{settings.gateway.port}: {error.strerror}"
        )
    allow_connections()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        try:
            runner.run(_serve(settings, listener))
        except (UnfitServer, UnfitDatabase, StoreUnavailable) as fault:
            sys.exit(f"afterwork: {fault}")


async def _serve(settings: GatewaySettings, listener: socket.socket) -> None:
    async with (
        JobClient.connect(settings.redis.url, replicas=settings.redis.replicas) as client,
        Documents.open(settings.documents.url.get_secret_value()) as documents,
        Stores.open(settings.stores) as stores,
    ):
        await client.check_server()
        ending = asyncio.Event()
        app = create_app(
            settings,
            client=client,
            documents=documents,
            stores=stores,
            kinds=registry.kinds(),
            services=registry.services(),
            ending=ending,
        )
        _spare_the_collector()
        server = Server(app, settings.gateway, ending=ending, ready_fd=settings.ready_fd)
        async with Duties(client, lease=settings.lease, max_finished=settings.max_finished):
            await server.serve([listener])


def _spare_the_collector() -> None:
    """Look no more through what lives as long as the process: with each POST, that took an eighth of its time."""
    gc.freeze()
    gc.set_threshold(10_000, 20, 20)


if __name__ == "__main__":
    main()

"""The command `afterwork up`: check what was asked for, then run it."""

import asyncio
import os
import sys
from pathlib import Path

import click

from afterwork.contracts.registry import RegistryError
from afterwork_up import addresses, programs, valkey
from afterwork_up.child import Ended
from afterwork_up.data_directory import locked
from afterwork_up.disk import Disk
from afterwork_up.effects import Effects, effects
from afterwork_up.output import Output
from afterwork_up.programs import Wishes
from afterwork_up.refusal import Refusal
from afterwork_up.short_path import short_path
from afterwork_up.signals import EndRequests
from afterwork_up.stack import Stack
from afterwork_up.supervisor import CannotStart, Supervisor

PATIENCE_WITH_KILLED = 10.0  # seconds that the gateway of a killed `up` gets to free the port
PATH = click.Path(path_type=Path)
EXIT_AT_ONCE = 130  # what a shell reports of a program that Ctrl-C ended


@click.command()
@click.option(
    "--host",
    default="127.0.0.1",
    envvar="AFTERWORK_GATEWAY__HOST",
    show_default=True,
    help="Address of the gateway; beyond loopback only with AFTERWORK_API_KEYS.",
)
@click.option(
    "--port",
    default=8000,
    envvar="AFTERWORK_GATEWAY__PORT",
    show_default=True,
    type=click.IntRange(0, 65535),
    help="0: any free.",
)
@click.option("--data-dir", default=".afterwork", show_default=True, type=PATH, help="Holds all data.")
@click.option("--workers", default=1, show_default=True, type=click.IntRange(1, 64), help="Per service.")
@click.option("--smtp-port", type=click.IntRange(1, 65535), help="Of the mail inbox.  [default: any free]")
@click.option("--redis-url", help="Use this Redis or Valkey instead of an embedded one.")
@click.option("--probes", is_flag=True, help="Allow the dangerous modes of probe.run, for trials.")
def up(
    *,
    host: str,
    port: int,
    data_dir: Path,
    workers: int,
    smtp_port: int | None,
    redis_url: str | None,
    probes: bool,
) -> None:
    """Run all of Afterwork on this machine: a durable Valkey, the gateway and every service.

    Mail is kept as files below the data directory, unless AFTERWORK_SMTP__HOST names a server that sends it.
    Ctrl-C ends it. Whatever ends it, the next start on the same data directory goes on where it was.
    """
    has_keys = addresses.asks_for_keys(os.environ.get("AFTERWORK_API_KEYS"))
    host = addresses.listenable(host, has_keys=has_keys)
    if redis_url is not None:
        redis_url = addresses.redis_url(redis_url)
    server = valkey.find_server() if redis_url is None else None
    data_dir = data_dir.absolute()
    with locked(data_dir) as earlier_was_killed, short_path(data_dir) as reachable:
        patience = PATIENCE_WITH_KILLED if earlier_was_killed else 0
        with effects(data_dir, reachable, os.environ, smtp_port=smtp_port, patience=patience) as found:
            wishes = Wishes(
                host=host,
                port=addresses.free_port(host, port, patience=patience),
                redis_url=redis_url or f"unix://{reachable / valkey.SOCKET}",
                workers=workers,
                probes=probes,
                has_keys=has_keys,
                effects=found.environment,
            )
            orderly = asyncio.run(serve(wishes, found, data_dir, server))
    if not orderly:
        sys.exit(EXIT_AT_ONCE)


async def serve(wishes: Wishes, found: Effects, directory: Path, server: Path | None) -> bool:
    """Run everything until asked to end; whether the end was orderly. Without `server`, Valkey runs elsewhere."""
    ends = EndRequests()
    colour = sys.stdout.isatty() and "NO_COLOR" not in os.environ  # no-color.org
    output = Output(sys.stdout.fileno(), colour=colour, on_gone=ends.ask_from_thread)
    try:
        ground = [embedded_valkey(server, directory, wishes.redis_url, output)] if server else []
        ground += [Supervisor(found.inbox, output)] if found.inbox else []
        stack = Stack(
            ground=ground,
            gateway=Supervisor(programs.gateway(wishes), output),
            services=[Supervisor(program, output) for program in programs.services(wishes, output.say)],
            has_keys=wishes.has_keys,
            mail=found.mail,
        )
        return await stack.run(output, ends)
    except RegistryError as error:
        raise Refusal(str(error)) from error
    except CannotStart as error:
        raise Refusal("\n".join((f"{error}; the last lines it printed:", *error.last_lines))) from error
    finally:
        output.close()


def embedded_valkey(server: Path, directory: Path, url: str, output: Output) -> Supervisor:
    """Valkey on the data in `directory`, started again when it ended, but not before the disk has room."""
    valkey.remove_leftovers(directory)
    disk = Disk(directory, output.say)

    async def remedy(ended: Ended) -> bool:
        valkey.remove_leftovers(directory)
        return await disk.wait_for_room(ended)

    return Supervisor(valkey.program(server, directory, url), output, remedy=remedy)

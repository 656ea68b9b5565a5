"""The command line `afterwork`: a group of whatever commands are installed (entry points `afterwork.commands`)."""

import asyncio
import sys
from importlib.metadata import entry_points
from typing import NoReturn

import click

from afterwork.engine import JobClient
from afterwork.errors import AfterworkError


class InstalledCommands(click.Group):
    """Commands are loaded when they are asked for, so that a broken one does not take the others with it."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - the signature is click's
        """Names of all installed commands."""
        return sorted(entry_points(group="afterwork.commands").names)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - as above
        """Load one command; one that cannot be loaded says so when it is called."""
        for entry in entry_points(group="afterwork.commands", name=cmd_name):
            try:
                command = entry.load()
            except (ImportError, AttributeError) as error:
                return unloadable(cmd_name, f"{entry.value} cannot be loaded: {error}")
            if isinstance(command, click.Command):
                return command
        return None


def unloadable(name: str, fault: str) -> click.Command:
    """Stands for a command that is installed and broken."""

    def refuse() -> NoReturn:
        raise click.ClickException(fault)

    anything = {"ignore_unknown_options": True, "allow_extra_args": True}
    return click.Command(name, callback=refuse, short_help=fault, context_settings=anything)


@click.group(cls=InstalledCommands)
@click.version_option(package_name="afterwork")
def main() -> None:
    """Answer now, work after, lose nothing."""


@click.command()
@click.option(
    "--redis-url",
    envvar="AFTERWORK_REDIS__URL",
    default="redis://127.0.0.1:6379/0",
    show_default=True,
    help="Of `afterwork up`: unix://<data directory>/valkey.sock",
)
def ledger(redis_url: str) -> None:
    """Print the ledger as JSON; exit code 1 if a job was lost or doubled."""
    try:
        balanced = asyncio.run(print_ledger(redis_url))
    except (AfterworkError, ValueError) as error:
        raise click.ClickException(str(error)) from error
    if not balanced:
        sys.exit(1)


async def print_ledger(redis_url: str) -> bool:
    """Read and print the counts; whether they balance."""
    async with JobClient.connect(redis_url) as client:
        counts = await client.ledger()
    click.echo(counts.model_dump_json(indent=2))
    return counts.imbalance == 0


if __name__ == "__main__":
    main()

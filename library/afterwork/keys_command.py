"""The command `afterwork keys`: make an API key, and the entry by which the gateway knows it."""

from pathlib import Path

import click

from afterwork.api_keys import Scope, named, new_key, parse_keys


@click.group()
def keys() -> None:
    """Make API keys for the gateway."""


@keys.command()
@click.argument("name")
@click.option(
    "--scope",
    "scopes",
    multiple=True,
    required=True,
    type=click.Choice([scope.value for scope in Scope]),
    help="What the key allows; may be given several times.",
)
@click.option(
    "--add-to",
    "file",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Append the entry to this file, too.",
)
def create(*, name: str, scopes: tuple[str, ...], file: Path | None) -> None:
    """Make a key for NAME.

    The key goes to standard output, alone, so that it can be piped to where it is needed. Its entry for
    AFTERWORK_API_KEYS, which does not give the key away, goes to standard error.
    """
    key = new_key()
    try:
        entry = named(name, map(Scope, scopes), key).entry
        if file is not None:
            add(entry, file)
    except (OSError, ValueError) as error:
        raise click.ClickException(str(error)) from error
    click.echo(
        f"The key on standard output is for {name} only, is kept nowhere and cannot be shown again.", err=True
    )
    click.echo(key)
    click.echo(f"Its entry in AFTERWORK_API_KEYS{f', added to {file}' if file else ''}:", err=True)
    click.echo(entry, err=True)


def add(entry: str, file: Path) -> None:
    """Append the entry to the file, which is made if need be. Raises OSError; ValueError for a wrong file."""
    earlier = file.read_text(encoding="utf-8") if file.exists() else ""
    separated = earlier if not earlier or earlier.endswith("\n") else f"{earlier}\n"
    try:
        parse_keys(f"{separated}{entry}")
    except ValueError as fault:
        raise ValueError(f"{file}: {fault}") from None
    with file.open("a", encoding="utf-8") as opened:
        opened.write(f"{separated.removeprefix(earlier)}{entry}\n")

"""The command `afterwork doctor`: says of each promise whether it holds for the jobs in a Redis."""

import asyncio
import json
import sys
from dataclasses import asdict

import click

from afterwork.engine.doctor.checks import State
from afterwork.engine.doctor.diagnosis import Diagnosis, diagnose

SIGNS = {State.KEPT: "✓", State.BROKEN: "✗", State.UNKNOWN: "?"}


@click.command()
@click.option(
    "--redis-url",
    envvar="AFTERWORK_REDIS__URL",
    default="redis://127.0.0.1:6379/0",
    show_default=True,
    help="Of `afterwork up`: unix://<data directory>/valkey.sock",
)
@click.option(
    "--replicas",
    envvar="AFTERWORK_REDIS__REPLICAS",
    type=click.IntRange(0, 100),
    default=0,
    show_default=True,
    help="How many replicas jobs are to reach.",
)
@click.option("--quick", is_flag=True, help="Look at the server and the ledger only, not at every key.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def doctor(*, redis_url: str, replicas: int, quick: bool, as_json: bool) -> None:
    """Check each promise against the server and every key of the jobs, while they go on.

    Exit code 1 if a promise is broken, 2 if one could not be looked at.
    """
    try:
        found = asyncio.run(diagnose(redis_url, replicas=replicas, with_keys=not quick))
    except ValueError as error:
        raise click.UsageError(f"--redis-url: {error}") from error
    click.echo(as_document(found) if as_json else "\n".join(lines_of(found)))
    sys.exit(1 if found.is_broken else 2 if found.is_partial else 0)


def lines_of(found: Diagnosis) -> list[str]:
    """A line for each promise, with examples of what breaks it, and one for what was looked at."""
    lines = []
    for check in found.checks:
        lines.append(f"{SIGNS[check.state]} {check.promise}: {check.text}")
        lines += [f"    {example}" for example in check.examples]
    seen = found.examined
    if seen is not None:
        lines.append(
            f"Looked at {seen.keys} keys, {seen.records} records and {seen.members} members of sets."
        )
    return lines


def as_document(found: Diagnosis) -> str:
    """The same as JSON."""
    seen = found.examined
    document = {
        "checks": [asdict(check) for check in found.checks],
        "examined": {"keys": seen.keys, "records": seen.records, "members": seen.members} if seen else None,
    }
    return json.dumps(document, indent=2, ensure_ascii=False)


if __name__ == "__main__":
    doctor()

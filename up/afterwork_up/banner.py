"""What a user sees when everything answers: the address, three commands to paste, and where mail goes."""

from pathlib import Path

JOB = '{"kind":"probe.run","payload":{"queue":"notifier","seconds":1}}'


def banner(address: str, *, has_keys: bool, mail: Path | None) -> str:
    """The ready line and three curl lines, for a gateway at `address`; with API keys they take one from `$KEY`.

    mail: the folder that gets all mail, None if it is really sent.
    """
    curl = 'curl -H "Authorization: Bearer $KEY"' if has_keys else "curl"
    return "\n".join(
        (
            f"afterwork ready: {address}",
            "",
            f"  {curl} -H 'Content-Type: application/json' -d '{JOB}' {address}/v1/jobs",
            f"  {curl} '{address}/v1/jobs?page_size=5'",
            f"  {curl} {address}/v1/ledger",
            "",
            *([f"mail is not sent but kept in {mail}", ""] if mail else []),
        )
    )

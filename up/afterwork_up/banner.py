"""What a user sees when everything answers: the address, and three commands to paste."""

JOB = '{"kind":"probe.run","payload":{"queue":"notifier","seconds":1}}'


def banner(address: str, *, has_keys: bool) -> str:
    """The ready line and three curl lines, for a gateway at `address`; with API keys they take one from `$KEY`."""
    curl = 'curl -H "Authorization: Bearer $KEY"' if has_keys else "curl"
    return "\n".join(
        (
            f"afterwork ready: {address}",
            "",
            f"  {curl} -H 'Content-Type: application/json' -d '{JOB}' {address}/v1/jobs",
            f"  {curl} '{address}/v1/jobs?page_size=5'",
            f"  {curl} {address}/v1/ledger",
            "",
        )
    )

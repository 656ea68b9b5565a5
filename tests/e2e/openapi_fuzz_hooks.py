"""Loaded by Schemathesis: what valid requests must heed, and no schema can say."""

from itertools import count
from typing import Any

import schemathesis

_numbers = count()


@schemathesis.hook
def before_call(
    context: schemathesis.HookContext, case: "schemathesis.Case[Any]", kwargs: dict[str, Any]
) -> None:
    """Make a request that its schema allows into one that makes sense."""
    if case.meta is None or not case.meta.generation.mode.is_positive:
        return
    if case.headers.get("Idempotency-Key"):
        case.headers["Idempotency-Key"] = f'"{next(_numbers)}"'  # the same with another body is refused
    if "If-Match" in case.headers and next(_numbers) % 2:
        case.headers["If-Match"] = "*"  # a made-up tag is never met
    body = _sensible(case.body)
    for times in (body, body.get("options")) if isinstance(body, dict) else ():
        if isinstance(times, dict):
            _set_in_time(times)
    case.body = body


def _sensible(value: Any) -> Any:  # noqa: ANN401 - any JSON value
    match value:
        case dict():
            return {name: _sensible(part) for name, part in value.items()}
        case list():
            return [_sensible(part) for part in value]
        case float() if value.is_integer():
            return int(value)  # JSON Schema takes 5.0 for an integer; the contracts are strict
        case _:
            return value


def _set_in_time(times: dict[str, Any], rows: int = 2) -> None:
    """Nothing lies beyond the year 2200, a job starts before it must, and `run_at` excludes `delay`.

    What follows fits its contract.
    """
    for name, century in (("run_at", "20"), ("start_before", "21")):
        if times.get(name):
            times[name] = (century + times[name][2:]).replace("-02-29", "-02-28")
    if times.get("run_at"):
        times.pop("delay", None)
    for follow_up in _few_that_follow(times, rows):
        follow_up |= {"kind": "probe.run", "payload": {"queue": "notifier", "seconds": "{result.seconds}"}}
        if isinstance(follow_up.get("options"), dict):
            _set_in_time(follow_up["options"], rows - 1)


def _few_that_follow(options: dict[str, Any], rows: int) -> list[dict[str, Any]]:
    """Few of many follow-ups, and no endless row of them."""
    if isinstance(options.get("then"), list):
        options["then"] = options["then"][:2] if rows else []
    return options.get("then") or []

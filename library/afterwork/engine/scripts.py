"""The Lua scripts: read from `lua/`, completed with key names and the parts they share, called by their digest."""

import json
import re
from dataclasses import dataclass
from functools import cache
from hashlib import sha1
from importlib.resources import files
from typing import Any, Protocol

from redis.exceptions import NoScriptError

from afterwork.engine import keys
from afterwork.engine.codec import OWN_PROBLEMS

SHARED = ("parts/time", "parts/batches", "parts/records", "parts/accepting", "parts/ending")
"""What every script may use, in this order."""
_PARTS = re.compile("^-- parts: (.+)$", re.MULTILINE)

_END = """
local is_done, answer = pcall(run)
flush() -- after an error too, so that the sets agree with the records that were written before it
if not is_done and type(answer) ~= 'table' then error(answer) end
return answer
"""

Argument = str | bytes | int
"""What a script takes: ints are sent as decimal text."""


@dataclass(frozen=True, slots=True)
class Script:
    """One transition. body: what the server compiles; digest: by which it is called afterwards."""

    name: str
    body: str
    digest: str


class AsyncServer(Protocol):
    """The part of `redis.asyncio.Redis` that a call needs."""

    async def execute_command(self, *args: Any, **options: Any) -> Any:  # noqa: ANN401 - redis-py's signature
        """Send one command and return its parsed reply."""


class SyncServer(Protocol):
    """The part of `redis.Redis` that a call needs."""

    def execute_command(self, *args: Any, **options: Any) -> Any:  # noqa: ANN401 - redis-py's signature
        """Send one command and return its parsed reply."""


@cache
def script(name: str, clock_offset: str = "0") -> Script:
    """The script `lua/<name>.lua`. clock_offset: a Lua expression in ms, which only tests fill in."""
    own = _text(name)
    shebang = own.partition("\n")[0]
    parts = [*SHARED, *(part for line in _PARTS.findall(own) for part in line.split())]
    body = "\n".join(
        [
            shebang,
            _constants(clock_offset),
            *(_text(part) for part in parts),
            "local function run()",
            own.removeprefix(shebang),
            "end",
            _END,
        ]
    )
    return Script(name, body, sha1(body.encode(), usedforsecurity=False).hexdigest())


def _text(name: str) -> str:
    return files("afterwork.engine").joinpath("lua", f"{name}.lua").read_text()


async def call(server: AsyncServer, which: Script, *args: Argument) -> Any:  # noqa: ANN401 - each script's own reply
    """Run a script; the server is given its text when it does not have it (after a restart)."""
    try:
        return await server.execute_command("EVALSHA", which.digest, 0, *args)
    except NoScriptError:
        return await server.execute_command("EVAL", which.body, 0, *args)


def call_sync(server: SyncServer, which: Script, *args: Argument) -> Any:  # noqa: ANN401 - each script's own reply
    """The same for threads without an event loop."""
    try:
        return server.execute_command("EVALSHA", which.digest, 0, *args)
    except NoScriptError:
        return server.execute_command("EVAL", which.body, 0, *args)


def _constants(clock_offset: str) -> str:
    named = {name: value for name, value in vars(keys).items() if name.isupper()}
    problems = {code: problem.decode() for code, problem in OWN_PROBLEMS.items()}
    lines = [f"local {name} = {_lua(value)}" for name, value in named.items()]
    return "\n".join([*lines, f"local PROBLEM = {_lua(problems)}", f"local CLOCK_OFFSET = {clock_offset}"])


def _lua(value: str | int | dict[str, Any]) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"[{_lua(key)}] = {_lua(item)}" for key, item in value.items()) + "}"
    return json.dumps(value)

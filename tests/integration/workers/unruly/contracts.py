"""What the unruly service is asked to do."""

from afterwork.contracts import Contract

QUEUE = "unruly"


class Misbehave(Contract, kind="unruly.misbehave", queue=QUEUE, max_attempts=1, timeout=60):
    """Misbehave in the manner of this name, one of `unruly.jobs.MANNERS`."""

    manner: str


class Behave(Contract, kind="unruly.behave", queue=QUEUE, max_attempts=1, timeout=60):
    """End well as soon as the file `until` is there, whose name may hold `{worker}`; append a line to `started`."""

    until: str
    started: str


class Share(Contract, kind="unruly.share", queue=QUEUE, max_attempts=1, timeout=60, max_running=2):
    """End well as soon as the file `until` is there; no more than two at a time, all workers together."""

    until: str


class Block(Contract, kind="unruly.block", queue=QUEUE, max_attempts=1, timeout=60):
    """Block the event loop in the manner of this name, one of `unruly.blocks.BLOCKS`.

    turns: how often the loop turns between the release of all that `Hold` and the block.
    """

    manner: str = "in_the_handler"
    seconds: float
    turns: int = 0


class Work(Contract, kind="unruly.work", queue=QUEUE, max_attempts=1, timeout=60):
    """Work in a thread in the manner of this name, one of `unruly.plain.PLAIN`, until the file `until` is there."""

    manner: str
    until: str = "/nonexistent"


class Isolate(Contract, kind="unruly.isolate", queue=QUEUE, max_attempts=1, timeout=60):
    """Work in a child process in the manner of this name, one of `unruly.isolated.ISOLATED`."""

    manner: str
    until: str = "/nonexistent"


class Hold(Contract, kind="unruly.hold", queue=QUEUE, max_attempts=1, timeout=60):
    """Wait until a `Block` begins, and end well."""

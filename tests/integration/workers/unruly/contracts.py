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

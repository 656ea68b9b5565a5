"""A service as the rest of the system knows it: its queue, and the module that runs it."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Service:
    """name: also what processes are called. queue: the queue it works. module: started as `python -m <module>`."""

    name: str
    queue: str
    module: str

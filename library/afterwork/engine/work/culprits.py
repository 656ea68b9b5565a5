"""Who runs in an event loop right now, seen from another thread."""

import asyncio
import contextvars
import gc
import sys
import traceback
from dataclasses import dataclass

from afterwork.engine.work.executor import CURRENT, Execution

STACK_FRAMES = 20
"""The innermost frames that are shown."""
STACK_LENGTH = 4000
"""Characters of a stack that are shown, its end."""


@dataclass(frozen=True, slots=True)
class Culprit:
    """execution: the attempt that runs in the loop, also by a task that its job has started; None if none does.

    task: the coroutine that runs, by name; empty if it is a callback.
    """

    execution: Execution | None
    task: str

    @property
    def live(self) -> Execution | None:
        """The attempt, if it has not ended: what a job leaves behind after its end is no attempt any more."""
        return self.execution if self.execution is not None and not self.execution.has_ended else None


def running_in(loop: asyncio.AbstractEventLoop) -> Culprit:
    """Whose code the loop runs. Of a callback that is no task only the stack can tell."""
    task = asyncio.current_task(loop)
    if task is None:
        return Culprit(None, "")
    context = _context_of(task)
    name = getattr(task.get_coro(), "__qualname__", task.get_name())
    return Culprit(context.get(CURRENT) if context is not None else None, name)


def stack_of(thread_id: int) -> str:
    """The stack of a thread as text, the innermost call last; empty if there is no such thread."""
    frame = sys._current_frames().get(thread_id)  # noqa: SLF001 - the documented way to look at another thread
    if frame is None:
        return ""
    return "".join(traceback.format_stack(frame, limit=STACK_FRAMES)).rstrip()[-STACK_LENGTH:]


def _context_of(task: "asyncio.Task[object]") -> contextvars.Context | None:
    """Tasks inherit the context of the task that has made them. Before Python 3.12 they do not show it."""
    if sys.version_info >= (3, 12):
        return task.get_context()
    return next((part for part in gc.get_referents(task) if isinstance(part, contextvars.Context)), None)

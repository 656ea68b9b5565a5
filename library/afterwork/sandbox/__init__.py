"""Child processes with limits of memory and time, for work that may go wrong."""

from afterwork.sandbox.conversation import Listener
from afterwork.sandbox.failures import ChildError
from afterwork.sandbox.inside import ask, report_progress, tell
from afterwork.sandbox.limits import Limits
from afterwork.sandbox.sandbox import Sandbox

__all__ = ["ChildError", "Limits", "Listener", "Sandbox", "ask", "report_progress", "tell"]

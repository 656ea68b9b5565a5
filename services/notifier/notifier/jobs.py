"""The table of contents of the notifier: which kinds it handles."""

from afterwork.engine import JobRouter

jobs = JobRouter("notifier")

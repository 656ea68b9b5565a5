"""The table of contents of the archiver: which kinds it handles."""

from afterwork.engine import JobRouter

jobs = JobRouter("archiver")

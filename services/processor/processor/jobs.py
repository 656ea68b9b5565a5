"""The table of contents of the processor: which kinds it handles."""

from afterwork.engine import JobRouter

jobs = JobRouter("processor")

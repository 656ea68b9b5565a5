"""The table of contents of the greeter: which kinds it handles."""

from afterwork.engine import JobRouter, Run
from greeter.contract import Greet

jobs = JobRouter("greeter")


@jobs.handles(Greet)
async def greet(job: Greet, run: Run) -> str:
    """Say hello. An exception here would be retried; `raise Fail(…)` ends the job at once."""
    run.logger.info("greeting", name=job.name)
    return f"Hello, {job.name}!"

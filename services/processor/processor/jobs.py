"""The table of contents of the processor: which kinds it handles."""

from afterwork.contracts.documents import Document
from afterwork.contracts.images import AnalyzeImage
from afterwork.contracts.processor import RunTask
from afterwork.contracts.tables import ProcessTable, TableResult
from afterwork.engine import JobRouter, Run
from afterwork.sandbox import Sandbox
from afterwork.stores import Stores
from processor.images import analysis
from processor.images.analyst import Analyst
from processor.tables import processing, transfer
from processor.tasks import run_task

jobs = JobRouter("processor", preload=[analysis.__name__, processing.__name__])


@jobs.handles(AnalyzeImage)
async def analyze_image(job: AnalyzeImage, run: Run) -> Document:
    """Describe an image in a document, which is the result."""
    return await run.part(Analyst).describe(job)


@jobs.handles(ProcessTable)
async def process_table(job: ProcessTable, run: Run) -> TableResult:
    """Take a table through its steps. The same output is written however often it runs."""
    return await transfer.process_table(job, run.part(Stores), run.part(Sandbox), run.progress)


jobs.handles(RunTask)(run_task)

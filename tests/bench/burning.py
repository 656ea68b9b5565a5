"""What the benchmark of the sandbox runs in child processes, which load what those of the processor load."""

import time

import pandas as pd
import PIL.Image
import pyarrow.parquet

LOADED = (pd, PIL.Image, pyarrow.parquet)


def burn(seconds: float) -> None:
    """Keep a core busy."""
    end = time.perf_counter() + seconds
    while time.perf_counter() < end:
        """Nothing but the time passes."""

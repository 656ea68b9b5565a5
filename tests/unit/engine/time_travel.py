"""An event loop whose clock a test moves, so that time limits need no waiting."""

import asyncio


class TimeTravel(asyncio.SelectorEventLoop):
    """`asyncio.Runner(loop_factory=TimeTravel)`; `pass_by` lets seconds pass at once."""

    def __init__(self) -> None:
        super().__init__()
        self._passed = 0.0

    def time(self) -> float:
        """The loop's clock: the real one and what has been skipped."""
        return super().time() + self._passed

    async def pass_by(self, seconds: float) -> None:
        """Skip some seconds, and let everything run that is due then."""
        self._passed += seconds
        for _ in range(10):
            await asyncio.sleep(0)

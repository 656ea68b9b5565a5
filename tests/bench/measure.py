"""What a benchmark finds: always a ratio of two things that were measured in turn in the same run."""

import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Measure:
    """One ratio of medians.

    at_most: the bound that is promised. seconds: median of what was measured. circumstances: what else to know.
    """

    name: str
    ratio: float
    at_most: float
    seconds: float
    circumstances: str

    @property
    def holds(self) -> bool:
        """Whether the promise is kept."""
        return self.ratio <= self.at_most

    def line(self) -> str:
        """For people."""
        verdict = "holds" if self.holds else "BROKEN"
        return (
            f"{self.name:<42} {self.ratio:5.2f} × (at most {self.at_most:g} ×: {verdict})"
            f"  {self.seconds * 1000:.2f} ms, {self.circumstances}"
        )


def medians(actions: Mapping[str, Callable[[], object]], *, rounds: int) -> dict[str, float]:
    """Median seconds of each action; they take turns, so that a busy moment of the machine meets all alike."""
    seconds: dict[str, list[float]] = {name: [] for name in actions}
    for number in range(rounds + rounds // 10):
        for name, action in actions.items():
            began = time.perf_counter()
            action()
            if number >= rounds // 10:  # the first tenth only warms up
                seconds[name].append(time.perf_counter() - began)
    return {name: statistics.median(values) for name, values in seconds.items()}

"""How long to wait before Redis is asked again."""

MAX_PAUSE = 2.0
"""Seconds between two tries to reach Redis, at most, so that everyone is back within one lease."""
_FIRST = 0.05
_DOUBLINGS = 10


def pause(failures: int, at_most: float = MAX_PAUSE) -> float:
    """Seconds to wait after so many failures in a row: twice as long each time, up to MAX_PAUSE and `at_most`."""
    return min(_FIRST * float(2 ** min(failures, _DOUBLINGS)), MAX_PAUSE, at_most)

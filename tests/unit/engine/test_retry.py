"""Backoff: exponential, fully jittered, capped."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from afterwork.engine.work.retry import Backoff


@pytest.mark.parametrize(
    ("attempt", "bound"),
    [(1, 2.0), (2, 4.0), (3, 8.0), (8, 256.0), (9, 512.0), (10, 600.0), (1000, 600.0), (10**9, 600.0)],
)
def test_the_bound_doubles_with_each_attempt_up_to_the_cap(attempt: int, bound: float) -> None:
    assert Backoff(draw=lambda: 1.0).delay(attempt) == bound
    assert Backoff(draw=lambda: 0.0).delay(attempt) == 0.0
    assert Backoff(draw=lambda: 0.5).delay(attempt) == bound / 2


@given(st.integers(1, 1000), st.floats(0.001, 3600), st.floats(0.001, 86_400), st.randoms())
def test_a_delay_lies_between_nothing_and_the_cap(
    attempt: int, base: float, cap: float, source: random.Random
) -> None:
    assert 0 <= Backoff(base, cap, source.random).delay(attempt) <= cap


def test_delays_of_clients_that_failed_together_are_spread() -> None:
    delays = {Backoff(draw=random.Random(seed).random).delay(5) for seed in range(50)}

    assert len(delays) == 50
    assert max(delays) - min(delays) > 16

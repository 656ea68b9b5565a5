"""The waits before Redis is asked again."""

from afterwork.engine.patience import MAX_PAUSE, pause


def test_each_wait_is_twice_the_last_up_to_a_bound() -> None:
    assert [pause(failures) for failures in (1, 2, 3, 4, 5)] == [0.1, 0.2, 0.4, 0.8, 1.6]
    assert {pause(failures) for failures in (6, 7, 100, 10**6)} == {MAX_PAUSE}


def test_a_caller_with_less_patience_waits_less() -> None:
    assert [pause(failures, 0.3) for failures in (1, 2, 3, 100)] == [0.1, 0.2, 0.3, 0.3]

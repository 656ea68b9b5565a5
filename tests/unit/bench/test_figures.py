import pytest
from tests.bench.engine.figures import Spread, percentile


def test_a_spread_is_the_median_between_the_extremes() -> None:
    assert Spread.of([5.0, 1.0, 2.0]) == Spread(2.0, 1.0, 5.0)


def test_a_ratio_is_that_of_the_medians_and_its_spread_that_of_each_round() -> None:
    # given: the machine was slow in the second round, for both
    ours, theirs = [20.0, 4.0, 30.0], [10.0, 2.0, 10.0]

    # when
    found = Spread.ratio(ours, theirs)

    # then
    assert found == Spread(2.0, 2.0, 3.0)


def test_a_peer_that_ran_once_is_compared_with_all_of_our_rounds() -> None:
    found = Spread.ratio([30.0, 20.0, 10.0], [10.0])

    assert (found.median, found.low, found.high) == (2.0, 2.0, 3.0)


@pytest.mark.parametrize(
    ("share", "expected"), [(0.5, 50.0), (0.95, 95.0), (0.99, 99.0), (0.001, 1.0), (1.0, 100.0)]
)
def test_a_percentile_is_the_value_that_so_many_do_not_exceed(share: float, expected: float) -> None:
    values = [float(number) for number in range(100, 0, -1)]

    assert percentile(values, share) == expected


def test_nothing_has_neither_spread_nor_ratio_nor_percentile() -> None:
    with pytest.raises(ValueError, match="nothing was measured"):
        Spread.of([])
    with pytest.raises(ValueError, match="nothing was measured"):
        Spread.ratio([1.0], [])
    with pytest.raises(ValueError, match="nothing was measured"):
        percentile([], 0.5)

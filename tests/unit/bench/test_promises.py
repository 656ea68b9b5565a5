import json

import pytest
from tests.bench.engine import promises
from tests.bench.engine.figures import BULLMQ, OURS, Found, Spread
from tests.bench.engine.promises import PROMISES, Line, Promise
from tests.unit.bench.found import a_round, a_run


def lines(found: Found) -> dict[str, Line]:
    return {line.promise.key: line for line in promises.lines(found)}


@pytest.mark.parametrize(
    ("key", "median"),
    [
        ("ratios.drain_vs_bullmq", 2.0),
        ("ratios.drain_vs_arq_tuned", 20.0),
        ("ratios.drain_vs_fastest_python", 10.0),
        ("cpu_us_per_job.worker", 20.0),
        ("ratios.drain_logged_vs_arq_tuned", 7.0),
        ("ratios.enqueue50_vs_bullmq", 2.0),
        ("ratios.bulk_vs_bullmq", 2.0),
        ("pickup_ms.p50", 0.5),
        ("wait_ms.p95", 0.95),
        ("ratios.depth_cost", 1.1),
        ("ratios.post_vs_background_tasks", 0.8),
        ("ratios.p99_vs_background_tasks", 1.5),
        ("crash_pickup_s", 3.5),
    ],
)
def test_each_promise_is_measured_by_what_it_names(key: str, median: float) -> None:
    value = lines(a_run())[key].value

    assert value is not None
    assert value.median == pytest.approx(median)


def test_a_run_that_keeps_all_promises_holds() -> None:
    assert all(line.holds for line in promises.lines(a_run()))


def test_one_slow_engine_breaks_the_promises_about_it_and_no_others() -> None:
    # given
    found = a_run()
    found.rounds[OURS] = [a_round(7000.0)] * 3

    # when
    missed = {key for key, line in lines(found).items() if not line.holds}

    # then
    assert missed == {
        "ratios.drain_vs_bullmq",
        "ratios.drain_vs_arq_tuned",
        "ratios.drain_vs_fastest_python",
        "ratios.enqueue50_vs_bullmq",
        "ratios.bulk_vs_bullmq",
    }


def test_what_a_missing_peer_is_needed_for_is_not_kept() -> None:
    found = a_run()
    del found.rounds[BULLMQ]

    line = lines(found)["ratios.drain_vs_bullmq"]

    assert (line.verdict, line.holds) == ("NOT MEASURED", False)
    assert json.loads(json.dumps(promises.summary(found)))["ratios"]["drain_vs_bullmq"] is None


@pytest.mark.parametrize(
    ("value", "is_more_better", "verdict"),
    [
        (2.0, True, "goal"),
        (1.0, True, "must"),
        (0.9, True, "MISSED"),
        (2.0, False, "MISSED"),
        (1.0, False, "must"),
        (0.5, False, "goal"),
    ],
)
def test_a_bound_is_met_when_it_is_reached(value: float, is_more_better: bool, verdict: str) -> None:  # noqa: FBT001 - a case
    goal = 2.0 if is_more_better else 0.5
    promise = Promise("key", "text", 1.0, goal, lambda _found: Spread.of([value]), is_more_better)

    assert Line(promise, Spread.of([value])).verdict == verdict


def test_a_line_of_the_table_says_value_spread_and_both_bounds() -> None:
    assert lines(a_run())["ratios.drain_vs_bullmq"].cells() == [
        "drain, 1 worker process, no-op, vs BullMQ",
        "2 × (1.8–3)",
        "≥ 0.8 ×",
        "≥ 1.5 ×",
        "goal",
    ]


def test_the_document_has_exactly_the_promised_shape() -> None:
    document = promises.summary(a_run())

    shape = {key: sorted(part) if isinstance(part, dict) else type(part) for key, part in document.items()}
    assert shape == {
        "ratios": [
            "bulk_vs_bullmq",
            "depth_cost",
            "drain_logged_vs_arq_tuned",
            "drain_vs_arq_tuned",
            "drain_vs_bullmq",
            "drain_vs_fastest_python",
            "enqueue50_vs_bullmq",
            "p99_vs_background_tasks",
            "post_vs_background_tasks",
        ],
        "cpu_us_per_job": ["redis", "worker"],
        "pickup_ms": ["p50", "p99"],
        "wait_ms": ["p95"],
        "crash_pickup_s": float,
    }


def test_no_two_promises_stand_in_one_place() -> None:
    assert len({one.key for one in PROMISES}) == len(PROMISES) == 13

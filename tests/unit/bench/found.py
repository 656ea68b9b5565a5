"""A whole run, made up: our engine is twice as fast as BullMQ and ten times as fast as every Python peer."""

from tests.bench.engine.figures import ARQ_TUNED, BACKGROUND_TASKS, BULLMQ, OURS, Found, Posted, Round
from tests.bench.engine.stage import Drained, Sent


def drained(rate: float, *, worker: float = 20.0, redis: float = 10.0) -> Drained:
    return Drained(jobs=1000, seconds=1000 / rate, worker=worker, redis=redis)


def a_round(rate: float) -> Round:
    sent = {way: Sent(jobs=100, seconds=100 / rate, cpu=0.1) for way in ("singly", "at_once", "bulk")}
    return Round(sent, drained(rate), queued=500.0, finished=900.0)


def a_run() -> Found:
    return Found(
        rounds={
            OURS: [a_round(rate) for rate in (18_000.0, 20_000.0, 30_000.0)],
            BULLMQ: [a_round(10_000.0)] * 3,
            ARQ_TUNED: [a_round(1000.0)] * 3,
            "saq": [a_round(2000.0)],
        },
        logged={OURS: [drained(7000.0)], ARQ_TUNED: [drained(1000.0)]},
        workers={OURS: {1: [drained(20_000.0)], 2: [drained(30_000.0)]}},
        depths={1000: [drained(20_000.0)], 200_000: [drained(18_000.0, worker=23.0)]},
        pickups={OURS: [float(number) / 100 for number in range(1, 101)]},
        waits=[float(number) / 100 for number in range(1, 101)],
        crashes=[3.0, 4.0],
        closed={OURS: [Posted(8000, 5, 9)], BACKGROUND_TASKS: [Posted(10_000, 4, 8)]},
        steady={OURS: [Posted(4000, 1, 3)], BACKGROUND_TASKS: [Posted(4000, 1, 2)]},
        steady_rate=4000.0,
    )

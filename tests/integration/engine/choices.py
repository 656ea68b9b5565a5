"""What the random lives of jobs are made of: few ids, keys and times, so that they meet."""

from datetime import UTC, datetime

from hypothesis import strategies as st
from tests.integration.engine.transitions import PROBLEM, START, Alpha, Beta, new_job

from afterwork.engine.outcome import Cancelled, Done, Failed, Outcome, Released, Retry, Snoozed
from afterwork.engine.submission import IdempotencyKey, Submission

LEASE = 1000
"""ms."""
HOUR = 3_600_000
JUMPS = st.sampled_from([1, 7, 300, LEASE, 2 * LEASE + 1, 60_000, 600_000, -1, -400])
"""Time passes in ms: within a lease, beyond it, beyond delays and head starts; and small steps back."""
RETENTIONS = st.sampled_from([23 * HOUR, 24 * HOUR, 15 * 24 * HOUR])

WHICH = st.integers(0, 15)
"""An index into whatever there is, modulo its length."""
NEW_IDS = st.integers(0, 20).map("job-{:02}".format)
OUTCOMES: st.SearchStrategy[Outcome] = st.sampled_from(
    [
        Done(b'{"x":[]}'),
        Failed(PROBLEM),
        Cancelled(PROBLEM),
        Retry(0, PROBLEM),
        Retry(1.5, PROBLEM),
        Snoozed(0),
        Snoozed(2),
        Released(),
    ]
)
ENDS = st.lists(st.tuples(WHICH, OUTCOMES), max_size=4)
"""Which of the held claims end, and how."""
LOST = st.sampled_from([None, None, None, "request", "reply"])
"""What the network loses of a call."""
PAST, FUTURE = (datetime.fromtimestamp((START + ms) / 1000, UTC) for ms in (-HOUR, 2_000))


@st.composite
def submissions(draw: st.DrawFn) -> Submission:
    """Any job of two kinds in two queues, with any options."""
    kind = draw(st.sampled_from([Alpha, Beta]))
    delay = draw(st.sampled_from([None, None, None, 0.0, 0.5, 3.0, 700.0]))
    key = draw(st.none() | st.sampled_from(["k1", "k2", "k3"]))
    return new_job(
        draw(NEW_IDS),
        kind(queue=draw(st.sampled_from(["q", "q", "r"]))),
        delay=delay,
        run_at=draw(st.sampled_from([None, PAST, FUTURE])) if delay is None else None,
        priority=draw(st.sampled_from(["high", "normal", "low"])),
        unique_key=draw(st.none() | st.sampled_from(["u1", "u2"])),
        idempotency=None if key is None else IdempotencyKey("me", key, draw(st.sampled_from([b"x", b"y"]))),
    )

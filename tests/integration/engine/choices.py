"""What the random lives of jobs are made of: few ids, keys and times, so that they meet."""

from datetime import timedelta

from hypothesis import strategies as st
from tests.integration.engine.transitions import PROBLEM, START, Alpha, Beta, at, new_job

from afterwork.contracts import Amendment, FollowUp, JobOptions, KindLimits, Priority
from afterwork.engine.jobs.submission import IdempotencyKey, Submission
from afterwork.engine.work.outcome import Cancelled, Done, Failed, Outcome, Released, Retry, Snoozed

LEASE = 1000
"""ms."""
HOUR = 3_600_000
JUMPS = st.sampled_from([1, 7, 300, LEASE, 2 * LEASE + 1, 60_000, 600_000, -1, -400, -HOUR])
"""Time passes in ms: within a lease, beyond it, beyond delays and head starts; or the clock is set back."""
RETENTIONS = st.sampled_from([5_000, 23 * HOUR, 24 * HOUR, 15 * 24 * HOUR])
KEPT = st.sampled_from([1_000_000, 1_000_000, 5, 2, 0])
"""How many ended jobs are kept."""

WHICH = st.integers(0, 15)
"""An index into whatever there is, modulo its length."""
NEW_IDS = st.integers(0, 20).map("job-{:02}".format)
RESULT = Done(b'{"x":[]}')
OUTCOMES: st.SearchStrategy[Outcome] = st.sampled_from(
    [
        RESULT,
        Failed(PROBLEM),
        Cancelled(PROBLEM),
        Retry(0, PROBLEM),
        Retry(1.5, PROBLEM),
        Snoozed(0),
        Snoozed(2),
        Released(),
    ]
)
TOLD = st.sampled_from(
    [(b"",), (b"",), (b'{"done":1.0}',), (b"", "one"), (b'{"done":2.0,"total":2.0}', *map(str, range(60)))]
)
"""What an attempt has to tell: progress, if any, and lines."""
REPORTS = st.lists(st.tuples(st.integers(0, 15), TOLD), max_size=2)
ENDS = st.lists(st.tuples(WHICH, OUTCOMES, TOLD), max_size=4)
"""Which of the held claims end, how, and what they had still to tell."""
LIMITS = st.sampled_from(
    [
        None,
        None,
        KindLimits(),
        KindLimits(max_running=1),
        KindLimits(max_running=2),
        KindLimits(max_per_second=1.0),
        KindLimits(max_per_second=3.0),
        KindLimits(max_per_second=0.3),
        KindLimits(max_running=2, max_per_second=2.0),
    ]
)
"""What an operator says of a kind; None: back to its contract."""
LOST = st.sampled_from([None, None, None, "request", "reply"])
"""What the network loses of a call."""
VERSIONS = st.sampled_from(["", "", "current", "old"])
"""Which version a client believes the job to have."""
TAGS = st.lists(st.sampled_from(["red", "ünder", "a:b"]), unique=True, max_size=3)


@st.composite
def follow_ups(draw: st.DrawFn, *, length: int = 2) -> FollowUp:
    """One that can be filled in, or cannot, or does not fit its contract, or is of a kind that nobody knows."""
    start_before = draw(st.sampled_from([None, None, None, START + HOUR, 0]))
    return FollowUp(
        kind=draw(st.sampled_from([*[Alpha.meta.kind] * 4, Beta.meta.kind, "gamma.run"])),
        payload={
            "queue": draw(st.sampled_from(["q", "q", "r"])),
            "text": draw(st.sampled_from(["", "{job.id}", "{job.id}", "{result.x}", "{result.nothing}"])),
        },
        options=JobOptions(
            delay=draw(st.sampled_from([None, None, 0.5])),
            priority=draw(st.sampled_from(list(Priority))),
            unique_key=draw(st.sampled_from([None, "u1", "u2"])),
            tags=draw(TAGS),
            retention=draw(st.sampled_from([None, None, 5.0])),
            start_before=None if start_before is None else at(start_before),
            then=draw(st.lists(follow_ups(length=length - 1), max_size=2)) if length > 1 else [],
        ),
    )


@st.composite
def submissions(draw: st.DrawFn) -> Submission:
    """Any job of two kinds in two queues, with any options; `moved` takes its times along with the clock."""
    kind = draw(st.sampled_from([Alpha, Beta]))
    delay = draw(st.sampled_from([None, None, None, 0.0, 0.5, 3.0, 700.0]))
    run_at = draw(st.sampled_from([None, -HOUR, 2_000])) if delay is None else None
    start_before = draw(st.sampled_from([None, None, None, -1, 700, 3_000, HOUR]))
    key = draw(st.none() | st.sampled_from(["k1", "k2", "k3"]))
    return new_job(
        draw(NEW_IDS),
        kind(queue=draw(st.sampled_from(["q", "q", "r"]))),
        delay=delay,
        run_at=None if run_at is None else at(START + run_at),
        priority=draw(st.sampled_from(["high", "normal", "low"])),
        unique_key=draw(st.none() | st.sampled_from(["u1", "u2"])),
        idempotency=None if key is None else IdempotencyKey(key, draw(st.sampled_from([b"x", b"y"]))),
        owner=draw(st.sampled_from(["", "", "me"])),
        tags=draw(TAGS),
        start_before=None
        if start_before is None or start_before <= (run_at or -HOUR)
        else START + start_before,
        retention=draw(st.sampled_from([None, None, 5.0])),
        then=draw(st.just([]) | st.lists(follow_ups(), max_size=3)),
    )


@st.composite
def amendments(draw: st.DrawFn) -> Amendment:
    """Any; `amended_at` takes its time along with the clock."""
    run_at = draw(st.sampled_from([None, None, -HOUR, 1_000, 3_000, 60_000]))
    return Amendment(
        run_at=None if run_at is None else at(START + run_at),
        priority=draw(st.sampled_from([None, None, "high", "normal", "low"])),
        tags=draw(st.none() | TAGS),
    )


def moved(submission: Submission, milliseconds: int) -> Submission:
    """The same submission, its absolute times so much later."""
    options, by = submission.options, timedelta(milliseconds=milliseconds)
    changes = {
        "run_at": options.run_at and options.run_at + by,
        "start_before": options.start_before and options.start_before + by,
    }
    return Submission(
        submission.job,
        options.model_copy(update=changes),
        submission.idempotency,
        submission.owner,
        submission.id,
    )


def amended_at(amendment: Amendment, milliseconds: int) -> Amendment:
    """The same amendment, its time so much later."""
    by = timedelta(milliseconds=milliseconds)
    return amendment.model_copy(update={"run_at": amendment.run_at and amendment.run_at + by})

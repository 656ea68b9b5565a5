"""Every Redis key and lifetime that the engine uses; `scripts.py` hands them to the Lua scripts."""

from arq.constants import (
    abort_jobs_ss,
    health_check_key_suffix,
    in_progress_key_prefix,
    job_key_prefix,
    result_key_prefix,
    retry_key_prefix,
)

# One job. ARQ's own names where ARQ has one.
JOB = "aw:job:"  # + id: the record, a hash of short values
PAYLOAD = job_key_prefix  # + id: the payload in ARQ's envelope, without expiry, kept as long as the record
ENDED_PAYLOAD = "aw:payload:"  # + id: the same of a plain function's job that has ended
LOCK = in_progress_key_prefix  # + id: the claim's token, expires with the lease
RESULT = result_key_prefix  # + id: the one copy of the result or problem, in ARQ's envelope
RETRIES = retry_key_prefix  # + id: how often a plain function's job was started
HISTORY = "aw:history:"  # + id: list of the last ended attempts, and states entered without one
LOG = "aw:log:"  # + id: list of the last lines that the job logged
CHECKPOINT = "aw:checkpoint:"  # + id: what the handler wants to find again in its next attempt, JSON
THEN = "aw:then:"  # + id: what is to follow its success, JSON, until then
CHANGED = "aw:j:"  # + id: channel, "<version> <state>" after each change of the record

# One queue.
QUEUES = "aw:queues"  # set: every queue that was ever submitted to
LANES = "aw:lanes:"  # + queue: hash, one field per kind that was ever submitted
LANE = "aw:lane:"  # + queue:kind:level: an ARQ queue, id → due ms, or lease end while running
SUSPECTS = "aw:suspects:"  # + queue: the same for jobs under which workers died repeatedly
LEASES = "aw:leases:"  # + queue: id → lease end ms of every running job
INDEX = "aw:ix:"  # + queue:kind:state: id → created ms; every job is in exactly one
LIMITS = "aw:limits:"  # + queue: hash of what is paused or limited (`lua/parts/limits.lua`)
CLAIMED = "aw:claimed:"  # + queue:kind: list of when jobs of a kind with a rate were claimed
STOCK = "aw:stock:"  # + queue: there while a stock ARQ client or worker has been seen lately
WAKE = "aw:wake:"  # + queue: list of at most one token, for idle workers
HEALTH_SUFFIX = health_check_key_suffix  # behind the queue: a worker's sign of life, as ARQ writes it

# All jobs.
EXPIRY = "aw:expiry"  # id → time at which an ended job is swept
LEDGER = "aw:ledger"  # hash of the counts that no set holds: accepted, adopted, swept
START_BEFORE = "aw:start-before"  # id → time by which a job must have been started
TAG = "aw:tag:"  # + tag: id → created ms
UNIQUE = "aw:unique:"  # + owner:kind:key: id of the live job that has this unique key
IDEMPOTENCY = "aw:idempotency:"  # + owner:hash of key: "<hash of body> <id>"

ABORTS = abort_jobs_ss  # id → when a stock ARQ client asked for its abort

BROKEN = "aw:broken"  # hash: key that others have made something else → its type (`lua/mend.lua`)
MENDING = "aw:mending"  # hash: index of waiting jobs that are put back where they should stand → cursor

EVENTS = "aw:events"  # stream of all jobs' changes of state; an entry has those of one script call
PULSE = "aw:pulse"  # hash: heard, when anyone last was; holds, until when lapsed leases do; and our time

# Workers.
WORKERS = "aw:workers"  # "<queue> <name>" → when it last asked who is there
STEP = (
    "aw:step:"  # + worker:0 or 1: its last even or odd step and what that claimed, for when the reply is lost
)
CONTROL = "aw:w:"  # + worker: channel, "cancel <id>"; being subscribed is its presence

HISTORY_LENGTH = 20
"""Attempts that are shown."""
HISTORY_ENTRIES = 2 * HISTORY_LENGTH
"""Entries that are kept: some are hidden, and the attempts should not go for their sake."""
LOG_LENGTH = 100
MANY_NEWS = 8
"""Changes in one call, from which on it is asked who listens before all of them are published."""
EVENT_ENTRIES = 10_000
"""Entries of the event stream that are kept, about."""
CLOCK_SLEW = 10
"""Of so many ms of Redis' clock, one is left out while our time runs ahead of it."""
BATCH_JOBS = 64
"""Jobs in one call, so that no script holds Redis for more than a few milliseconds."""
SUBMIT_JOBS = 128
"""The same for jobs that are submitted, which cost a third of one that is run."""
BATCH_BYTES = 256 * 1024
"""Payload or result bytes in one call, unless a single one is larger."""
LIST_CANDIDATES = 1000
"""Records that one call of `list` looks at, at most."""
LIST_JOBS = 100
"""Jobs that one call of `list` returns; a larger page takes several."""
SWEEP_JOBS = 100
MAX_FINISHED = 1_000_000
"""Ended jobs that are kept, at most, unless the settings say otherwise."""
MAX_DEATHS = 3
"""Workers that may die under a job before it ends as worker-lost; from one less on it is a suspect."""

PLAIN = "arq"
"""The kind of every job that calls a plain ARQ function; `function` in its record says which."""

FOREIGN_LOCK_MS = 5_000
STOCK_MS = 3600 * 1000
STOCK_POLL_MS = 50
"""How often an idle worker looks while stock clients are about, which send no wake-up token."""
RETRIES_MS = 88_400 * 1000
ABORT_MS = 60_000
"""How long a stock client's wish for an abort is kept, for a job that nobody knows yet."""
IDEMPOTENCY_MS = 24 * 3600 * 1000
STEP_MS = 3600 * 1000
WORKER_MS = 3600 * 1000
KEEP_MS = {"succeeded": 24 * 3600 * 1000, "cancelled": 24 * 3600 * 1000, "failed": 14 * 24 * 3600 * 1000}
"""How long an ended job's record is kept, by state."""
HEAD_START_MS = {"high": 600_000, "normal": 0, "low": -600_000}
"""By how much a job's due time counts as earlier, by priority: overtakes, never starves."""

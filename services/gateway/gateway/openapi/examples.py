"""What answers look like, for the OpenAPI document: made by the models that make the real ones."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from pydantic import BaseModel

from afterwork.contracts import (
    Attempt,
    Durability,
    FeedEvent,
    FeedGap,
    Job,
    JobEvent,
    JobPage,
    JobState,
    KindCounts,
    KindLimits,
    Ledger,
    LogLine,
    Priority,
    Progress,
    QueueOverview,
    StateChange,
)
from afterwork.contracts.documents import CollectionSummary, Document, DocumentPage
from afterwork.contracts.objects import Tier
from afterwork.stores import ObjectInfo
from gateway.jobs.catalogue import KindDefaults, KindList, KindResource
from gateway.jobs.event_stream import messages
from gateway.jobs.feed_stream import message
from gateway.jobs.representation import job_resource, page_json
from gateway.jobs.typed import TYPED
from gateway.objects.resources import ObjectPage, StoreList, StoreSummary, resource, summary
from gateway.routes.documents import CollectionList
from gateway.routes.health import Dependency, Health, Readiness
from gateway.routes.job_parts import JobLog
from gateway.routes.old_five import OldAnswer
from gateway.routes.queues import QueueList

_ID = "0199a3c0-5d2e-7c41-9b7e-3f5d6a7b8c9d"
_WORKER = "notifier-5c9-1"
_BEGIN = datetime(2030, 1, 1, 12, tzinfo=UTC)
_START, _END = _BEGIN + timedelta(milliseconds=3), _BEGIN + timedelta(seconds=1)

PAYLOAD = {"queue": "notifier", "seconds": 1.0, "mode": "async", "fail": "never"}
RESULT = {"attempt": 1, "seconds": 1.0}
CHANGE = {"run_at": "2030-01-02T03:00:00Z", "priority": "high", "tags": ["nightly"]}

_LINE = LogLine(at=_START, level="info", text="halfway", version=3)
_PROGRESS = Progress(done=1, total=2, note="halfway")


def _job(state: JobState, **fields: Any) -> Job:  # noqa: ANN401 - any fields of a job
    job = Job(
        id=_ID,
        kind="probe.run",
        queue="notifier",
        state=state,
        priority=Priority.NORMAL,
        attempt=0,
        max_attempts=5,
        claims=0,
        deaths=0,
        timeout=300,
        durability=Durability.FSYNC,
        created_at=_BEGIN,
        run_at=_BEGIN,
        started_at=None,
        finished_at=None,
        error=None,
        unique_key=None,
        tags=["nightly"],
        cancel_requested=False,
        worker=None,
        version=1,
        as_of=_BEGIN,
    )
    return job.model_copy(update=fields)


_QUEUED = _job(JobState.QUEUED)
_SUCCEEDED = _job(
    JobState.SUCCEEDED,
    attempt=1,
    claims=1,
    started_at=_START,
    finished_at=_END,
    progress=_PROGRESS,
    worker=_WORKER,
    version=4,
    result=RESULT,
    history=[Attempt(attempt=1, started_at=_START, finished_at=_END, worker=_WORKER, error=None)],
)
_COUNTS = KindCounts(
    kind="probe.run",
    waiting=2,
    due=1,
    running=1,
    succeeded=7,
    failed=0,
    cancelled=0,
    oldest_due_age=0.25,
    limits=KindLimits(max_running=5, max_per_second=0.5),
    limits_from="operator",
)
_QUEUE = QueueOverview(
    name="notifier", waiting=2, due=1, running=1, suspects=0, oldest_due_age=0.25, kinds=[_COUNTS]
)
_LEDGER = Ledger(
    accepted=10,
    adopted=0,
    scheduled=1,
    queued=1,
    running=1,
    succeeded=6,
    failed=0,
    cancelled=0,
    swept=1,
    imbalance=0,
)
_READY = Readiness(
    ready=True,
    dependencies={
        "redis": Dependency(ready=True, reason="it answers", version="9.1.2", durability=Durability.FSYNC)
    },
)


_DOCUMENT = Document(
    id="5b1f0c9a3d7e4f62",
    collection="images",
    version=1,
    etag="1-9f86d081884c7d659a2feaa0c55ad015",
    created_at=_BEGIN,
    updated_at=_BEGIN,
    body={"object": "images/lighthouse.jpg", "metadata": {"format": "JPEG", "width": 640, "height": 427}},
)
_OBJECT = ObjectInfo(
    "2030/orders.csv",
    4096,
    "18e9dbb5741cf165-1000-18e9dbb57442c0d0",
    _BEGIN,
    "text/csv",
    {"origin": "shop"},
    Tier.HOT,
)
_KIND = KindResource(
    kind="hello.greet",
    description="Greet somebody by name.",
    queue="greeter",
    defaults=KindDefaults(max_attempts=3, timeout=30),
    payload_schema={"type": "object", "properties": {"name": {"type": "string"}}, "required": ["name"]},
)
_RECEIPT = {
    "job_id": _ID,
    "targets": [{"target": "mailto:ada@example.com", "status": "sent", "message_id": f"<{_ID}@example.com>"}],
}
_OLD = OldAnswer(message="Data is being processed", job_id=_ID)
_QUEUE_ORDERS = ["pause_queue", "resume_queue", "set_limits", "reset_limits"]
_OLD_FIVE = ["old_send_notification", "old_process", "old_long_task"]


def answers() -> Mapping[tuple[str, str], object]:
    """(operation id, status) → body, JSON or text, of every answer that has one and is no problem."""
    queued, succeeded = _json(job_resource(_QUEUED)), _json(job_resource(_SUCCEEDED))
    submissions = ["submit_job", *(typed.operation for typed in TYPED)]
    return {
        **{(operation, "202"): queued for operation in submissions},
        **{(operation, "200"): succeeded for operation in submissions},
        **{(operation, "200"): _json(_OLD) for operation in _OLD_FIVE},
        ("get_job", "200"): succeeded,
        ("change_job", "200"): queued,
        ("cancel_job", "202"): queued,
        ("retry_job", "202"): queued,
        ("list_jobs", "200"): json.loads(page_json(JobPage(jobs=[_SUCCEEDED], next_page_token=None))),
        ("get_job_payload", "200"): PAYLOAD,
        ("get_job_result", "200"): RESULT,
        ("get_job_receipt", "200"): _RECEIPT,
        ("get_job_log", "200"): _json(JobLog(lines=[_LINE])),
        ("follow_job", "200"): _stream(),
        ("list_collections", "200"): _json(
            CollectionList(collections=[CollectionSummary(name="images", documents=1)])
        ),
        ("list_documents", "200"): _json(DocumentPage(documents=[_DOCUMENT], next_page_token=None)),
        ("get_document", "200"): _json(_DOCUMENT),
        ("list_stores", "200"): _json(StoreList(stores=[StoreSummary(name="inbox")])),
        ("list_objects", "200"): _json(ObjectPage(objects=[summary("inbox", _OBJECT)], next_page_token=None)),
        ("put_object", "200"): _json(resource("inbox", _OBJECT)),
        ("put_object", "201"): _json(resource("inbox", _OBJECT)),
        ("list_kinds", "200"): _json(KindList(kinds=[_KIND])),
        ("list_queues", "200"): _json(QueueList(queues=[_QUEUE])),
        **{(operation, "200"): _json(_QUEUE) for operation in _QUEUE_ORDERS},
        ("follow_all_jobs", "200"): _feed(),
        ("get_ledger", "200"): _json(_LEDGER),
        ("get_health", "200"): _json(Health()),
        ("get_readiness", "200"): _json(_READY),
        ("get_metrics", "200"): "# TYPE afterwork_redis_up gauge\nafterwork_redis_up 1.0\n",
        ("explain_problem", "200"): "<!doctype html>\n<title>not-found: There is nothing here</title>\n",
    }


def _json(model: BaseModel) -> object:
    return model.model_dump(mode="json")


def _stream() -> str:
    events = [
        JobEvent(version=3, what=_LINE),
        JobEvent(version=3, what=_PROGRESS),
        JobEvent(
            version=4,
            what=StateChange(state=JobState.SUCCEEDED, attempt=1, at=_END, worker=None, error=None),
        ),
    ]
    return b"".join(message.encode() for message in messages(events)).decode()


def _feed() -> str:
    started = FeedEvent(
        id="1893499200003-0.1",
        job_id=_ID,
        kind="probe.run",
        queue="notifier",
        state=JobState.RUNNING,
        version=2,
        at=_START,
    )
    gap = FeedGap(id="1893499200000-0.0", after="1893400000000-0.1")
    return b"".join(message(event).encode() for event in (gap, started)).decode()

"""What must hold of the keyspace whatever happened, said without the model."""

from tests.integration.engine.keyspace import Snapshot

from afterwork.engine import keys


def check_places(seen: Snapshot) -> None:
    """Each job stands in one index, each live one in one place, each running one under one lease."""
    indexed, leases = seen.members(keys.INDEX), seen.members(keys.LEASES)
    lanes, suspects = seen.members(keys.LANE), seen.members(keys.SUSPECTS)
    assert not lanes.keys() & suspects.keys()
    places = lanes | suspects
    assert all(len(at) == 1 for at in [*indexed.values(), *places.values(), *leases.values()])
    running = {job_id for job_id, at in indexed.items() if at[0][0].endswith(":running")}
    waiting = {job_id for job_id, at in indexed.items() if at[0][0].endswith(":waiting")}
    assert set(indexed) == set(seen.versions)
    assert set(places) == running | waiting
    assert set(leases) == running
    assert all(leases[job_id][0][1] == places[job_id][0][1] for job_id in running)


def check_lifetimes(seen: Snapshot) -> None:
    """Only what belongs to a lease, a worker or a request expires by itself; no lock outlives its run."""
    running = seen.members(keys.LEASES)
    assert set(seen.locks) <= set(running)
    assert all(key.startswith((keys.LOCK, keys.STEP, keys.IDEMPOTENCY)) for key in seen.mortal)
    assert all(
        len(value) <= keys.HISTORY_ENTRIES
        for key, value in seen.values.items()
        if key.startswith(keys.HISTORY)
    )


def check_versions(before: Snapshot, seen: Snapshot) -> None:
    """A record that a client sees changed has a greater version, none has a smaller; a new record begins with 1.

    One that follows another may have been claimed, or have failed, by the call that made it.
    """
    for job_id, version in seen.versions.items():
        if job_id not in before.versions:
            assert version == 1 or _visible(seen, job_id).get("parent")
        else:
            is_changed = _visible(before, job_id) != _visible(seen, job_id)
            assert version >= before.versions[job_id] + is_changed


def check_tags(seen: Snapshot) -> None:
    """A job stands under each of its tags and no other, with the time of its index; ended ones too, until swept."""
    under = {
        job_id: {key.removeprefix(keys.TAG) for key, _ in at} for job_id, at in seen.members(keys.TAG).items()
    }
    indexed = seen.members(keys.INDEX)
    for job_id in seen.versions:
        record = seen.values[keys.JOB + job_id]
        assert isinstance(record, dict)
        assert under.pop(job_id, set()) == {tag for tag in str(record.get("tags", "")).split("\n") if tag}
    assert not under
    assert all(
        score == indexed[job_id][0][1] for job_id, at in seen.members(keys.TAG).items() for _, score in at
    )


def _visible(seen: Snapshot, job_id: str) -> dict[str, object]:
    record = seen.values[keys.JOB + job_id]
    assert isinstance(record, dict)
    return {name: value for name, value in record.items() if name not in {"version", "checkpoint"}}

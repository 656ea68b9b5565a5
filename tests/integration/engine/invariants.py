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
        len(value) <= keys.HISTORY_LENGTH
        for key, value in seen.values.items()
        if key.startswith(keys.HISTORY)
    )


def check_versions(before: Snapshot, seen: Snapshot) -> None:
    """A record that changed has a greater version, one that did not has the same; a new record begins with 1."""
    for job_id, version in seen.versions.items():
        if job_id not in before.versions:
            assert version == 1
        else:
            is_changed = before.values[keys.JOB + job_id] != seen.values[keys.JOB + job_id]
            assert (version > before.versions[job_id]) is is_changed

"""What is done with an object, by what is at its destination already."""

import pytest
from tests.unit.archiver.objects import JOB, NOON, OTHER, found, source

from afterwork.contracts.archiver import OnConflict
from afterwork.stores import ObjectInfo
from archiver.conflicts import Step, decide

SKIP, OVERWRITE, FAIL = OnConflict.SKIP_IDENTICAL, OnConflict.OVERWRITE, OnConflict.FAIL


@pytest.mark.parametrize(
    ("there", "skip", "overwrite", "fail"),
    [
        pytest.param(None, Step.COPY, Step.COPY, Step.COPY, id="nothing"),
        pytest.param(found(), Step.COMPARE, Step.REPLACE, Step.EXISTS, id="somebody else's, same size"),
        pytest.param(found(6), Step.CONFLICT, Step.REPLACE, Step.EXISTS, id="somebody else's, other size"),
        pytest.param(
            found(made_by=OTHER), Step.COMPARE, Step.REPLACE, Step.EXISTS, id="a copy of this source"
        ),
        pytest.param(
            found(6, made_by=OTHER), Step.CONFLICT, Step.REPLACE, Step.EXISTS, id="a copy, but another size"
        ),
        pytest.param(
            found(made_by=OTHER, from_etag="s0"),
            Step.COMPARE,
            Step.REPLACE,
            Step.EXISTS,
            id="a copy of what the source was before",
        ),
        pytest.param(
            found(made_by=OTHER, name="inbox/b.csv"),
            Step.COMPARE,
            Step.REPLACE,
            Step.EXISTS,
            id="a copy of another source with the same ETag",
        ),
        pytest.param(
            found(made_by=OTHER, name=None),
            Step.COMPARE,
            Step.REPLACE,
            Step.EXISTS,
            id="a copy of something whose name was too long to keep",
        ),
        pytest.param(found(made_by=JOB), Step.DONE, Step.DONE, Step.DONE, id="this job's own copy"),
        pytest.param(
            found(made_by=JOB, from_etag="s0"),
            Step.RENEW,
            Step.RENEW,
            Step.RENEW,
            id="this job's own copy of what the source was before",
        ),
        pytest.param(
            found(6, made_by=JOB), Step.RENEW, Step.RENEW, Step.RENEW, id="this job's own, of another size"
        ),
        pytest.param(
            ObjectInfo("a.csv", 5, "s1", NOON), Step.ITSELF, Step.ITSELF, Step.ITSELF, id="the source"
        ),
    ],
)
def test_the_step_follows_from_what_is_there(
    there: ObjectInfo | None, skip: Step, overwrite: Step, fail: Step
) -> None:
    steps = [decide(source(), there, job_id=JOB, mode=mode) for mode in (SKIP, OVERWRITE, FAIL)]

    assert steps == [skip, overwrite, fail]


@pytest.mark.parametrize("mode", OnConflict)
def test_a_job_does_not_copy_what_it_has_written_itself(mode: OnConflict) -> None:
    own = source(made_by=JOB)

    assert decide(own, None, job_id=JOB, mode=mode) is Step.OWN_COPY
    assert decide(own, None, job_id=OTHER, mode=mode) is Step.COPY

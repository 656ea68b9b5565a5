"""`JobClient.list`: pages by tokens that cannot be forged into harm."""

import base64

import pytest
from tests.integration.engine.transitions import PROBLEM, Alpha, Beta, ScriptedWorker

from afterwork import errors
from afterwork.contracts import JobQuery, JobState, JobSummary
from afterwork.engine import JobClient
from afterwork.engine.work.outcome import Failed


async def submit(client: JobClient, text: str = "") -> str:
    return (await client.submit(Alpha(text=text))).job.id


async def test_pages_hold_summaries_newest_first_until_there_is_no_token(client: JobClient) -> None:
    # given five jobs
    ids = [await submit(client, str(i)) for i in range(5)]

    # when they are read in pages of two
    seen: list[JobSummary] = []
    token = None
    sizes = []
    while True:
        page = await client.list(JobQuery(page_size=2, page_token=token))
        seen += page.jobs
        sizes.append(len(page.jobs))
        token = page.next_page_token
        if token is None:
            break

    # then each stands there once
    assert [job.id for job in seen] == ids[::-1]
    assert sizes == [2, 2, 1]


async def test_filters_are_handed_on(client: JobClient, worker: ScriptedWorker) -> None:
    await client.submit(Beta())
    failed = await submit(client)
    claims = {claim.id: claim for claim in worker.claim()}
    worker.finish(claims[failed], Failed(PROBLEM))

    page = await client.list(JobQuery(state=JobState.FAILED, kind="alpha.run", queue="q"))

    (job,) = page.jobs
    assert (job.id, job.error and job.error.code) == (failed, "handler-error")
    assert (await client.list(JobQuery(state=JobState.SCHEDULED))).jobs == []


@pytest.mark.parametrize(
    "token",
    ["", "x", "====", "ü", "\0", base64.b64encode(b"no number").decode(), base64.b64encode(b"12").decode()],
)
async def test_a_token_that_was_not_given_out_is_a_bad_parameter(client: JobClient, token: str) -> None:
    with pytest.raises(errors.BadParameter):
        await client.list(JobQuery(page_token=token))


@pytest.mark.parametrize("text", ["-5 a", "9" * 400 + " a", "1_0 a", "12 " + "x" * 10_000, "5 \0"])
async def test_a_forged_token_does_no_harm(client: JobClient, text: str) -> None:
    await submit(client)

    page = await client.list(JobQuery(page_token=base64.urlsafe_b64encode(text.encode()).decode()))

    assert len(page.jobs) <= 1

"""`JobClient` and the server's troubles: durability, silence, restarts, refusals."""

import asyncio

import pytest
from tests.integration.engine.transitions import Alpha
from tests.servers import RedisServer

from afterwork import errors
from afterwork.contracts import Durability, JobQuery
from afterwork.engine import JobClient, Submission


async def submit(client: JobClient) -> str:
    return (await client.submit(Alpha())).job.id


@pytest.mark.parametrize(
    ("appendonly", "appendfsync", "durability"),
    [
        ("no", "always", Durability.MEMORY),
        ("yes", "everysec", Durability.EVERYSEC),
        ("yes", "always", Durability.FSYNC),
        ("yes", "no", Durability.UNKNOWN),
    ],
)
async def test_a_job_says_what_its_confirmation_was_worth(
    engine_server: RedisServer, appendonly: str, appendfsync: str, durability: Durability
) -> None:
    # given a server with these settings
    with RedisServer(engine_server.binary, appendonly=appendonly, appendfsync=appendfsync) as server:
        async with JobClient.connect(server.url) as client:
            # when it is asked, and a job is submitted
            info = await client.server()
            submitted = await client.submit(Alpha())

            # then both say the same
            assert (info.durability, submitted.job.durability) == (durability, durability)
            assert (await client.get(submitted.job.id)).durability is durability
            assert info.version[0].isdigit()


async def test_a_frozen_server_is_unavailable_within_two_seconds_and_then_available_again(
    engine_server: RedisServer,
) -> None:
    # given a client that has worked
    loop = asyncio.get_running_loop()
    with RedisServer(engine_server.binary) as server:
        async with JobClient.connect(server.url) as client:
            job_id = await submit(client)
            server.pause()

            # when the server answers nothing
            began = loop.time()
            calls = [client.submit(Alpha()), client.get(job_id), client.list(JobQuery()), client.ledger()]
            answers = await asyncio.gather(*calls, return_exceptions=True)

            # then every call says so in time
            assert loop.time() - began < 2.0
            assert [type(answer) for answer in answers] == [errors.QueueUnavailable] * 4

            # and goes on when it does again
            server.resume()
            assert (await client.get(job_id)).id == job_id


async def test_a_client_survives_a_restart_of_the_server(engine_server: RedisServer) -> None:
    with RedisServer(engine_server.binary) as server:
        async with JobClient.connect(server.url) as client:
            # given a job
            first = await submit(client)

            # when the server is away, and back without its scripts
            server.stop()
            for call in (client.submit(Alpha()), client.get(first), client.ledger()):
                with pytest.raises(errors.QueueUnavailable):
                    await call
            server.start()

            # then the job is there, and so is the next one
            assert (await client.get(first)).id == first
            second = await submit(client)
            assert [job.id for job in (await client.list(JobQuery())).jobs] == [second, first]


async def test_connections_that_a_restart_has_cut_cost_no_job(engine_server: RedisServer) -> None:
    with RedisServer(engine_server.binary) as server:
        async with JobClient.connect(server.url) as client:
            # given several connections over which jobs were submitted
            await client.submit_many([Submission.of(Alpha()) for _ in range(200)])

            # when the server was away for a moment
            server.restart()
            await submit(client)

            # then nobody noticed
            assert (await client.ledger()).accepted == 201


async def test_the_reason_of_a_refusal_names_no_password(engine_server: RedisServer) -> None:
    with RedisServer(engine_server.binary) as server:
        with server.client() as admin:
            admin.config_set("requirepass", "s3cret")
        async with JobClient.connect(server.url.replace("unix://", "unix://:wr0ng@")) as client:
            with pytest.raises(errors.QueueUnavailable) as refused:
                await client.ledger()

    assert "wr0ng" not in refused.value.detail
    assert "password" in refused.value.detail

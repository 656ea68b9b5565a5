"""JobRouter: what can be wrong with a handler is said where it is declared."""

import threading
from collections.abc import AsyncIterator, Iterator

import pytest

from afterwork.contracts import Contract
from afterwork.contracts.probe import ProbeRun
from afterwork.engine import BlockingRun, JobRouter, Run
from afterwork.engine.work.outcome import Done
from afterwork.testing import work


class Greet(Contract, kind="hello.greet", queue="greeter"):
    """Says hello."""


class GreetAgain(Contract, kind="hello.greet", queue="greeter"):
    """Another class of the same kind."""


async def greet(job: Contract, run: Run) -> str:
    return "hello"


def test_a_handler_is_found_by_its_kind_and_stays_what_it_was() -> None:
    jobs = JobRouter("greeter")

    assert jobs.handles(Greet)(greet) is greet
    assert jobs.handler("hello.greet") is greet
    assert jobs.kinds["hello.greet"] is Greet


def test_every_router_handles_the_probe() -> None:
    assert JobRouter("greeter").kinds == {"probe.run": ProbeRun}


def test_a_contract_of_another_queue_is_refused() -> None:
    with pytest.raises(TypeError, match=r"hello\.greet belongs to queue 'greeter', not to 'other'"):
        JobRouter("other").handles(Greet)


@pytest.mark.parametrize("contract", [Greet, GreetAgain])
def test_a_second_handler_of_a_kind_is_refused(contract: type[Contract]) -> None:
    jobs = JobRouter("greeter")
    jobs.handles(Greet)(greet)

    with pytest.raises(TypeError, match=r"hello\.greet has a handler in queue 'greeter' already"):
        jobs.handles(contract)
    with pytest.raises(TypeError, match=r"probe\.run"):
        jobs.handles(ProbeRun)


async def test_a_plain_function_is_called_in_a_thread_and_a_coroutine_function_is_not() -> None:
    plain, coroutine = JobRouter("greeter"), JobRouter("greeter")

    @plain.handles(Greet)
    def greet_plainly(job: Greet, run: BlockingRun) -> str:
        return threading.current_thread().name

    @coroutine.handles(Greet)
    async def greet_async(job: Greet, run: Run) -> str:
        return threading.current_thread().name

    outcomes = [await work(router, Greet()) for router in (plain, coroutine)]

    name = "hello.greet 00000000-0000-7000-8000-000000000000"
    assert outcomes == [Done(f'"{name}"'.encode()), Done(f'"{threading.current_thread().name}"'.encode())]


async def test_an_object_that_is_called_like_a_coroutine_function_is_one() -> None:
    class Greeter:
        async def __call__(self, job: Greet, run: Run) -> str:
            return threading.current_thread().name

    jobs = JobRouter("greeter")
    jobs.handles(Greet)(Greeter())

    assert await work(jobs, Greet()) == Done(f'"{threading.current_thread().name}"'.encode())


def test_a_generator_is_refused() -> None:
    def plain(job: Greet, run: BlockingRun) -> Iterator[str]:
        yield "hello"

    async def coroutine(job: Greet, run: Run) -> AsyncIterator[str]:
        yield "hello"

    with pytest.raises(TypeError, match="generator"):
        JobRouter("greeter").handles(Greet)(plain)
    with pytest.raises(TypeError, match="generator"):
        JobRouter("greeter").handles(Greet)(coroutine)  # type: ignore[arg-type]


def test_a_kind_without_handler_is_not_found() -> None:
    with pytest.raises(KeyError):
        JobRouter("greeter").handler("hello.greet")


def test_kinds_cannot_be_changed_from_outside() -> None:
    with pytest.raises(TypeError):
        JobRouter("greeter").kinds["hello.greet"] = Greet  # type: ignore[index]

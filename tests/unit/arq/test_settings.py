"""What a settings class says."""

import inspect

import arq
from arq import worker as arq_worker

from afterwork import arq as ours
from afterwork.arq.settings import NAMES, get_kwargs


async def work(_: object) -> None:
    """Nothing."""


async def startup(_: object) -> None:
    """Nothing."""


class House:
    functions = (work,)
    max_jobs = 7
    lease = 3


class Kitchen(House):
    max_jobs = 8
    on_startup = startup
    what_nobody_knows = 1


class Cellar(House):
    @staticmethod
    async def on_startup(_: object) -> None:
        """Nothing."""


def test_a_class_inherits_and_overrides() -> None:
    assert get_kwargs(Kitchen) == {"functions": (work,), "max_jobs": 8, "lease": 3, "on_startup": startup}
    assert get_kwargs(Cellar)["on_startup"] is Cellar.on_startup


def test_a_dict_will_do() -> None:
    assert get_kwargs({"max_jobs": 3, "other": 1}) == {"max_jobs": 3}


def test_every_name_of_arq_is_there() -> None:
    assert set(arq.__all__) <= set(ours.__all__)
    assert set(inspect.signature(arq_worker.Worker).parameters) <= set(NAMES)
    assert set(inspect.signature(arq_worker.func).parameters) == {
        *("coroutine", "name", "keep_result", "timeout", "keep_result_forever", "max_tries")
    }


def test_enqueue_takes_what_arq_takes() -> None:
    theirs = inspect.signature(arq.ArqRedis.enqueue_job).parameters
    assert list(inspect.signature(ours.ArqRedis.enqueue_job).parameters) == list(theirs)
    assert list(inspect.signature(ours.create_pool).parameters) == list(
        inspect.signature(arq.create_pool).parameters
    )
    for name in ("result", "info", "result_info", "status", "abort"):
        known = inspect.signature(getattr(arq.jobs.Job, name)).parameters
        assert list(inspect.signature(getattr(ours.Job, name)).parameters) == list(known)

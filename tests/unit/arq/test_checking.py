"""Settings that cannot be meant are refused by name; names that are nearly right are told."""

from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from structlog.testing import capture_logs

from afterwork.arq import RedisSettings, create_worker, func
from afterwork.arq.checking import check, warn_of_misspelt


async def work(_: object) -> None:
    """Nothing."""


@pytest.mark.parametrize(
    "wrong",
    [
        {"max_jobs": 0},
        {"max_jobs": -1},
        {"max_jobs": 2.5},
        {"max_jobs": True},
        {"max_jobs": "3"},
        {"max_jobs": None},
        {"lease": 0},
        {"lease": -1},
        {"lease": 0.4},
        {"lease": 601},
        {"lease": float("inf")},
        {"lease": float("nan")},
        {"lease": timedelta(0)},
        {"lease": "2"},
        {"lease": True},
        {"lease": None},
        {"job_timeout": "5"},
        {"job_timeout": [5]},
        {"keep_result": "1h"},
        {"health_check_interval": "1"},
        {"redis_settings": {"host": "localhost"}},
        {"redis_settings": RedisSettings(sentinel=True, host="localhost")},
        {"redis_settings": RedisSettings(ssl=True, ssl_ca_certs="/nowhere/ca.pem")},
    ],
)
def test_what_cannot_be_meant_is_refused_by_the_name_of_its_setting(wrong: dict[str, Any]) -> None:
    (name,) = wrong
    with pytest.raises(ValueError, match=f"^{name} must ") as refused:
        create_worker({"functions": [func(work, name="work")], "handle_signals": False, **wrong})
    assert "\n" not in str(refused.value)


def test_a_url_in_place_of_redis_settings_is_refused_without_its_password() -> None:
    with pytest.raises(
        ValueError, match=r"redis_settings must be .* not a str; RedisSettings\.from_dsn"
    ) as refused:
        check({"redis_settings": "redis://:secret@localhost"})
    assert "secret" not in str(refused.value)


@pytest.mark.parametrize(
    "right",
    [
        {},
        {"max_jobs": 1, "lease": 0.5, "job_timeout": 0, "keep_result": 3600},
        {"lease": timedelta(seconds=5), "job_timeout": timedelta(hours=1), "keep_result": timedelta(days=1)},
        {"job_timeout": None, "redis_settings": None},
        {"redis_settings": RedisSettings(host="cache.example")},
        {"redis_settings": SimpleNamespace(**vars(RedisSettings()), more=1)},
    ],
)
def test_what_arq_takes_is_taken(right: dict[str, Any]) -> None:
    check(right)


async def test_a_lease_is_in_seconds_or_a_timedelta() -> None:
    for lease in (5, timedelta(seconds=5)):
        made = create_worker(
            {"functions": [func(work, name="work")], "handle_signals": False, "lease": lease}
        )
        assert made.lease == 5


class Base:
    max_job = 3
    queue_nam = "house"


class Misspelt(Base):
    max_job = 4
    timeout = 5
    shelf = "of their own"
    _max_jobs = 6

    async def startup(ctx: object) -> None:  # noqa: N805 - a function, as ARQ's users write it
        """Known by another name."""

    on_startup = startup


def test_a_misspelt_name_is_told_once_with_the_nearest_one() -> None:
    with capture_logs() as lines:
        warn_of_misspelt(Misspelt)
        warn_of_misspelt({"max_jobs": 3, "leases": 3, "whatever": 1})

    assert {(line["setting"], line["nearest"]) for line in lines} == {
        ("max_job", "max_jobs"),
        ("queue_nam", "queue_name"),
        ("timeout", "job_timeout"),
        ("leases", "lease"),
    }
    assert len(lines) == 4
    assert {line["log_level"] for line in lines} == {"warning"}

import sys

import pytest

from afterwork_up import programs
from afterwork_up.programs import Wishes

WISHES = Wishes(
    host="127.0.0.1",
    port=8000,
    redis_url="unix:///data/valkey.sock",
    workers=1,
    probes=False,
    has_keys=False,
)


def test_the_gateway_is_told_where_to_listen_and_where_redis_is() -> None:
    program = programs.gateway(WISHES)

    assert program.command == (sys.executable, "-m", "gateway")
    assert program.environment["AFTERWORK_GATEWAY__HOST"] == "127.0.0.1"
    assert program.environment["AFTERWORK_GATEWAY__PORT"] == "8000"
    assert program.environment["AFTERWORK_REDIS__URL"] == "unix:///data/valkey.sock"
    assert "AFTERWORK_PROBES" not in program.environment


def test_each_service_runs_once_under_its_own_name() -> None:
    found = list(programs.services(WISHES, say=pytest.fail))

    assert [program.name for program in found] == ["archiver", "notifier", "processor"]
    assert {program.environment["AFTERWORK_HEALTH__PORT"] for program in found} == {"0"}


def test_several_workers_of_a_service_are_numbered() -> None:
    wishes = Wishes(host="::1", port=0, redis_url="redis://r", workers=2, probes=True, has_keys=False)

    found = [program for program in programs.services(wishes, say=pytest.fail) if "notifier" in program.name]

    assert [program.name for program in found] == ["notifier-1", "notifier-2"]
    assert {program.environment["AFTERWORK_PROBES"] for program in found} == {"all"}


@pytest.mark.parametrize("module", ["nowhere_to_be_found", "nowhere.to.be.found"])
def test_a_module_that_is_not_there_is_not_installed(module: str) -> None:
    assert not programs.is_installed(module)

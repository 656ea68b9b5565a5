"""Settings: whatever is wrong with the environment is said in one line that names the variable."""

import os

import pytest

from afterwork.engine import keys
from afterwork.service import ServiceSettings
from afterwork.settings import Settings


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """No setting of whoever runs the tests."""
    for name in os.environ:
        if name.upper().startswith("AFTERWORK_"):
            monkeypatch.delenv(name)


def test_everything_has_a_default() -> None:
    settings = ServiceSettings.load()

    assert settings.redis.url == "redis://127.0.0.1:6379/0"
    assert (settings.log.format, settings.log.level, settings.lease, settings.probes) == (
        "console",
        "info",
        15.0,
        "async",
    )
    assert (settings.worker.concurrency, settings.worker.grace, settings.ready_fd) == (100, 25.0, None)
    assert settings.health.host == "127.0.0.1"
    assert settings.max_finished == keys.MAX_FINISHED


def test_variables_set_fields_and_fields_of_groups(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AFTERWORK_LEASE", "1.5")
    monkeypatch.setenv("AFTERWORK_MAX_FINISHED", "0")
    monkeypatch.setenv("AFTERWORK_PROBES", "all")
    monkeypatch.setenv("AFTERWORK_READY_FD", "7")
    monkeypatch.setenv("AFTERWORK_REDIS__URL", "unix:///run/valkey.sock")
    monkeypatch.setenv("AFTERWORK_LOG__FORMAT", "json")
    monkeypatch.setenv("AFTERWORK_WORKER__CONCURRENCY", "3")
    monkeypatch.setenv("AFTERWORK_HEALTH__PORT", "8001")

    settings = ServiceSettings.load()

    assert (settings.lease, settings.probes, settings.ready_fd) == (1.5, "all", 7)
    assert settings.max_finished == 0
    assert (settings.redis.url, settings.log.format, settings.log.level) == (
        "unix:///run/valkey.sock",
        "json",
        "info",
    )
    assert (settings.worker.concurrency, settings.worker.grace, settings.health.port) == (3, 25.0, 8001)


def test_an_empty_variable_counts_as_not_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AFTERWORK_LEASE", "")

    assert Settings.load().lease == 15.0


def test_groups_of_other_services_are_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AFTERWORK_GATEWAY__PORT", "8000")
    monkeypatch.setenv("AFTERWORK_WORKER__CONCURRENCY", "3")

    assert Settings.load().lease == 15.0


def test_settings_cannot_be_changed() -> None:
    with pytest.raises(ValueError, match="frozen"):
        Settings.load().lease = 5.0  # type: ignore[misc]


@pytest.mark.parametrize(
    "name",
    [
        "AFTERWORK_LEAS",
        "AFTERWORK_REDIS__ULR",
        "AFTERWORK_REDIS_URL",
        "AFTERWORK_LEASE__SECONDS",
        "AFTERWORK_WORKER__CONCURENCY",
        "AFTERWORK_",
    ],
)
def test_a_misspelt_name_stops_the_start(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    monkeypatch.setenv(name, "1")

    assert refusal(capsys) == f"afterwork: {name} is not a setting of Afterwork\n"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("AFTERWORK_LEASE", "soon"),
        ("AFTERWORK_LEASE", "0.1"),
        ("AFTERWORK_LEASE", "nan"),
        ("AFTERWORK_LEASE", "inf"),
        ("AFTERWORK_MAX_FINISHED", "-1"),
        ("AFTERWORK_MAX_FINISHED", "1e3"),
        ("AFTERWORK_PROBES", "some"),
        ("AFTERWORK_READY_FD", "x"),
        ("AFTERWORK_REDIS__URL", "http://127.0.0.1"),
        ("AFTERWORK_REDIS__URL", "redis://127.0.0.1:port/0"),
        ("AFTERWORK_REDIS__URL", "redis://127.0.0.1:99999/0"),
        ("AFTERWORK_REDIS__URL", "redis://[::1"),
        ("AFTERWORK_REDIS__URL", "redis://127.0.0.1/0?socket_timeout=abc"),
        ("AFTERWORK_REDIS__URL", "redis://127.0.0.1/zero"),
        ("AFTERWORK_REDIS", "not json"),
        ("AFTERWORK_LOG__LEVEL", "loud"),
        ("AFTERWORK_LOG__FORMAT", "xml"),
        ("AFTERWORK_WORKER__CONCURRENCY", "0"),
        ("AFTERWORK_WORKER__CONCURRENCY", "many"),
        ("AFTERWORK_WORKER__GRACE", "nan"),
        ("AFTERWORK_HEALTH__PORT", "70000"),
    ],
)
def test_a_wrong_value_stops_the_start_with_one_line_that_names_its_variable(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], name: str, value: str
) -> None:
    monkeypatch.setenv(name, value)

    line = refusal(capsys)

    assert line.startswith(f"afterwork: {name}: ")
    assert line.count("\n") == 1


def refusal(capsys: pytest.CaptureFixture[str]) -> str:
    """What the process says when it ends instead of starting, with exit code 2."""
    with pytest.raises(SystemExit) as ended:
        ServiceSettings.load()
    assert ended.value.code == 2
    return capsys.readouterr().err


def test_the_memory_of_child_processes_may_have_a_unit(monkeypatch: pytest.MonkeyPatch) -> None:
    assert (ServiceSettings.load().sandbox.processes, ServiceSettings.load().sandbox.memory) == (None, 2**30)
    monkeypatch.setenv("AFTERWORK_SANDBOX__PROCESSES", "3")
    monkeypatch.setenv("AFTERWORK_SANDBOX__MEMORY", "512MiB")

    settings = ServiceSettings.load()

    assert (settings.sandbox.processes, settings.sandbox.memory) == (3, 512 * 2**20)

"""The registry: entry points that do not hold what they promise are named, whatever is wrong with them."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from afterwork.contracts import Service, registry
from afterwork.contracts.probe import ProbeRun

Install = Callable[[str, str], None]

MODULE = """
from afterwork.contracts import Contract, Service

class Good(Contract, kind="good.kind", queue="notifier"): pass
class Other(Contract, kind="good.kind", queue="notifier"): pass
class Homeless(Contract, kind="homeless.kind", queue="nowhere"): pass
class Greet(Contract, kind="hello.greet", queue="greeter"): pass
class Nothing(Contract): pass
greeter = Service(name="greeter", queue="greeter", module="greeter")
notifier = Service(name="notifier", queue="elsewhere", module="notifier")
"""
BROKEN = 'from afterwork.contracts import Contract\nclass Bad(Contract, kind="bad", queue="notifier"): pass\n'


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Install]:
    """Install a distribution with these entry points, and forget it afterwards."""
    (tmp_path / "made_for_registry.py").write_text(MODULE)
    (tmp_path / "broken_for_registry.py").write_text(BROKEN)
    monkeypatch.syspath_prepend(tmp_path)

    def make(contracts: str, services: str = "") -> None:
        info = tmp_path / "made-1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text("Metadata-Version: 2.1\nName: made\nVersion: 1.0\n")
        (info / "entry_points.txt").write_text(
            f"[afterwork.contracts]\n{contracts}\n[afterwork.services]\n{services}\n"
        )
        registry.kinds.cache_clear()
        registry.services.cache_clear()

    yield make
    registry.kinds.cache_clear()
    registry.services.cache_clear()


def test_what_comes_with_afterwork_is_found() -> None:
    assert registry.kinds()["probe.run"] is ProbeRun
    assert registry.services()["notifier"] == Service("notifier", "notifier", "notifier")
    assert list(registry.services()) == sorted(registry.services())


def test_kinds_and_services_of_others_are_found(install: Install) -> None:
    install("hello.greet = made_for_registry:Greet", "greeter = made_for_registry:greeter")

    assert registry.kinds()["hello.greet"].meta.queue == "greeter"
    assert registry.services()["greeter"].module == "greeter"


@pytest.mark.parametrize(
    ("entry", "fault"),
    [
        ("good.kind = made_for_registry:Missing", "cannot be loaded"),
        ("good.kind = no_such_module:Good", "cannot be loaded"),
        ("bad = broken_for_registry:Bad", "cannot be loaded"),
        ("good.kind = made_for_registry:greeter", "is not a Contract"),
        ("good.kind = made_for_registry:Nothing", "is not a Contract with a kind"),
        ("wrong.name = made_for_registry:Good", "is named 'wrong.name' but its kind is 'good.kind'"),
        (
            "homeless.kind = made_for_registry:Homeless",
            "has queue 'nowhere', which no entry of afterwork.services",
        ),
        ("probe.run = made_for_registry:Good", "is named 'probe.run' but its kind is 'good.kind'"),
    ],
)
def test_a_contract_that_cannot_be_used_is_refused_by_name(install: Install, entry: str, fault: str) -> None:
    install(entry, "")

    with pytest.raises(registry.RegistryError, match=fault) as refused:
        registry.kinds()

    assert entry in str(refused.value)


@pytest.mark.parametrize(
    ("entry", "fault"),
    [
        ("greeter = made_for_registry:Greet", "is not a Service"),
        ("greeter = made_for_registry:missing", "cannot be loaded"),
        ("notifier = made_for_registry:notifier", "doubles the service 'notifier'"),
    ],
)
def test_a_service_that_cannot_be_used_is_refused_by_name(install: Install, entry: str, fault: str) -> None:
    install("", entry)

    with pytest.raises(registry.RegistryError, match=fault):
        registry.services()


def test_a_kind_that_two_distributions_bring_is_refused(install: Install, tmp_path: Path) -> None:
    # given another distribution with the same kind
    install("good.kind = made_for_registry:Good", "")
    other = tmp_path / "other-1.0.dist-info"
    other.mkdir()
    (other / "METADATA").write_text("Metadata-Version: 2.1\nName: other\nVersion: 1.0\n")
    (other / "entry_points.txt").write_text("[afterwork.contracts]\ngood.kind = made_for_registry:Other\n")

    with pytest.raises(registry.RegistryError, match=r"doubles the kind 'good\.kind'"):
        registry.kinds()

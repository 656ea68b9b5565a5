"""What a new service or kind forgot: each failure names the place and says what to do there."""

import importlib
import inspect
import pkgutil
import re
import subprocess
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from afterwork import contracts
from afterwork.contracts import registry
from afterwork.contracts.base import Contract

ROOT = Path(__file__).parent.parent
SERVICES = sorted(folder.name for folder in ROOT.glob("services/[!_.]*/"))
WORKERS = [service for service in SERVICES if service != "gateway"]
KIND = re.compile(r"[a-z][a-z0-9_]*\.[a-z][a-z0-9_]*")
ANATOMY = ["__init__.py", "__main__.py", "jobs.py", "py.typed", "settings.py"]
GATEWAY_ANATOMY = ["__init__.py", "__main__.py", "app.py", "py.typed", "routes", "settings.py"]
LONGEST_FILE = 300
HOSTS = re.compile(r"py[p]i\.(org|io)|python[h]osted|np[m]js\.(org|com)|deb[.]debian|security[.]debian")
MACHINE = re.compile(r"(?<![\w.])/((home|Users)/\w+|root)/|" + re.escape(f"{ROOT}/"))


def settings_of(path: str) -> dict[str, Any]:  # Any: TOML of somebody else's making
    """The content of a TOML file of the repository."""
    return tomllib.loads((ROOT / path).read_text(encoding="utf-8"))


def import_contract(name: str) -> dict[str, Any]:  # Any: see above
    """A contract of import-linter, by its id."""
    found = settings_of("pyproject.toml")["tool"]["importlinter"]["contracts"]
    return next(contract for contract in found if contract["id"] == name)


def router_kinds(module: str) -> Mapping[str, type[Contract]]:
    """The kinds that a service handles: kind → contract."""
    kinds: Mapping[str, type[Contract]] = importlib.import_module(f"{module}.jobs").jobs.kinds
    return kinds


def tracked_texts() -> Iterator[tuple[str, str]]:
    """Path and text of each file that is committed, or would be by `git add .`."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listing = subprocess.run(command, cwd=ROOT, capture_output=True, check=True, text=True).stdout
    for path in filter(None, listing.split("\0")):
        if (ROOT / path).is_file():
            yield path, (ROOT / path).read_text(encoding="utf-8", errors="replace")


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_is_a_distribution_with_a_lock(service: str) -> None:
    project = settings_of(f"services/{service}/pyproject.toml")["project"]

    assert project["name"] == f"afterwork-{service}", (
        f"services/{service}/pyproject.toml: name it afterwork-{service}"
    )
    lock = ROOT / f"requirements/{service}.txt"
    assert lock.is_file(), f"requirements/{service}.txt is missing: run make locks"


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_has_the_same_anatomy_as_the_others(service: str) -> None:
    package = ROOT / "services" / service / service
    anatomy = GATEWAY_ANATOMY if service == "gateway" else ANATOMY

    missing = [name for name in anatomy if not (package / name).exists()]

    assert not missing, f"services/{service}/{service}/ lacks {', '.join(missing)}: see the other services"


@pytest.mark.parametrize("service", WORKERS)
def test_a_service_is_registered(service: str) -> None:
    registered = {entry.module for entry in registry.services().values()}

    advice = (
        'add it to [project.entry-points."afterwork.services"] in library/pyproject.toml, then run make test'
    )
    assert service in registered, f"{service} is not registered: {advice}"


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_is_started_by_up(service: str) -> None:
    up = settings_of("up/pyproject.toml")

    advice = "is missing in up/pyproject.toml"
    assert f"afterwork-{service}" in up["project"]["dependencies"], (
        f"afterwork-{service} {advice}: dependencies"
    )
    assert f"afterwork-{service}" in up["tool"]["uv"]["sources"], (
        f"afterwork-{service} {advice}: tool.uv.sources"
    )


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_is_under_every_rule(service: str) -> None:
    tools = settings_of("pyproject.toml")["tool"]
    siblings = [set(layer.split(" | ")) for layer in import_contract("distributions")["layers"]]

    forgotten = {
        "tool.mypy: mypy_path": f"services/{service}" not in tools["mypy"]["mypy_path"],
        "tool.importlinter: root_packages": service not in tools["importlinter"]["root_packages"],
        "import-linter's contract distributions: layers": not any(
            {service, "gateway"} <= layer for layer in siblings
        ),
        "import-linter's contract redis: source_modules": service
        not in import_contract("redis")["source_modules"],
        "import-linter's contract http: source_modules": service != "gateway"
        and service not in import_contract("http")["source_modules"],
    }

    places = [place for place, is_forgotten in forgotten.items() if is_forgotten]
    assert not places, f"add {service} to pyproject.toml, {'; '.join(places)}"


def test_every_contract_with_a_kind_is_registered() -> None:
    registered = set(registry.kinds().values())
    modules = [
        importlib.import_module(m.name)
        for m in pkgutil.walk_packages(contracts.__path__, "afterwork.contracts.")
    ]
    found = {
        found
        for module in modules
        for _, found in inspect.getmembers(module, inspect.isclass)
        if issubclass(found, Contract) and hasattr(found, "meta")
    }

    forgotten = sorted(f'"{one.meta.kind}" = "{one.__module__}:{one.__name__}"' for one in found - registered)
    advice = '[project.entry-points."afterwork.contracts"] of library/pyproject.toml, then run make test'
    assert not forgotten, f"add {', '.join(forgotten)} to {advice}"


def test_a_kind_is_named_noun_verb_and_waits_in_the_queue_of_a_service() -> None:
    queues = {service.queue for service in registry.services().values()}

    for name, contract in registry.kinds().items():
        where = f"{contract.__module__}.{contract.__name__}"
        assert KIND.fullmatch(name), f"{where}: name the kind noun.verb, not {name!r}"
        assert contract.meta.kind == name, f"{where}: its entry point must be named {contract.meta.kind!r}"
        assert contract.meta.queue in {None, *queues}, f"{where}: queue must be one of {sorted(queues)}"


def test_a_kind_has_a_handler_in_each_service_that_works_its_queue() -> None:
    for name, contract in registry.kinds().items():
        for service in registry.services().values():
            if contract.meta.queue in {None, service.queue}:
                handled = router_kinds(service.module).get(name)
                advice = (
                    f"write a function under @jobs.handles({contract.__name__}) in {service.module}/jobs.py"
                )
                assert handled is contract, f"{service.name} does not handle {name}: {advice}"


def test_a_service_handles_only_registered_kinds_of_its_queue() -> None:
    for service in registry.services().values():
        for name, contract in router_kinds(service.module).items():
            registered = registry.kinds().get(name)
            assert registered is contract, f"{name} is handled but not registered: see library/pyproject.toml"
            queue = contract.meta.queue
            assert queue in {None, service.queue}, (
                f"{service.name} handles {name}, which waits in queue {queue}"
            )


def test_no_file_is_too_long_for_one_duty() -> None:
    lengths = {path: text.count("\n") for path, text in tracked_texts() if path.endswith(".py")}

    long = [f"{path} ({lines} lines)" for path, lines in lengths.items() if lines > LONGEST_FILE]

    assert not long, f"over {LONGEST_FILE} lines, so split by duty: {', '.join(long)}"


def test_no_file_names_a_package_index_or_a_path_of_one_machine() -> None:
    found = [
        f"{path}:{number}"
        for path, text in tracked_texts()
        for number, line in enumerate(text.splitlines(), start=1)
        if HOSTS.search(line) or MACHINE.search(line)
    ]

    assert not found, f"users install from mirrors and work elsewhere; remove what {', '.join(found)} name"

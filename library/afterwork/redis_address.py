"""Where Redis is, read from one URL: a host, a Unix socket or sentinels, with or without TLS."""

import os
import re
from dataclasses import dataclass
from typing import Any, NamedTuple
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

FORMS = "redis://, rediss://, unix://, redis+sentinel:// or rediss+sentinel://"
PORT = 6379
SENTINEL_PORT = 26379
TLS_OPTIONS = ("ca_file", "cert_file", "key_file")
SENTINEL_OPTIONS = ("sentinel_user", "sentinel_password")


class Host(NamedTuple):
    """A name or an address, and a port."""

    name: str
    port: int


@dataclass(frozen=True, slots=True)
class RedisAddress:
    """What a URL says. hosts: of the server, or of its sentinels; none for a Unix socket, which is `path`.

    primary: the name by which the sentinels know the server; empty without sentinels. user, password: of the server.
    ca_file: certificates that are trusted besides the system's. cert_file, key_file: our own certificate.
    """

    hosts: tuple[Host, ...] = ()
    path: str = ""
    db: int = 0
    user: str | None = None
    password: str | None = None
    primary: str = ""
    is_tls: bool = False
    ca_file: str | None = None
    cert_file: str | None = None
    key_file: str | None = None
    sentinel_user: str | None = None
    sentinel_password: str | None = None


def parse_address(url: str) -> RedisAddress:
    """What the URL says. Raises ValueError, with a sentence that can follow the name of a setting.

        redis://user:password@host:6379/0            rediss://host:6379/0?ca_file=/etc/redis/ca.pem
        unix:///run/redis.sock                       redis+sentinel://one:26379,two:26379/primary/0

    Special characters of user and password are written %XX.
    """
    parts = urlsplit(url)
    if not parts.scheme or f"{parts.scheme}://" not in re.split(", | or ", FORMS):
        raise ValueError(f"must begin with {FORMS}")
    scheme, _, with_sentinels = parts.scheme.partition("+")
    login, _, where = parts.netloc.rpartition("@")
    user, _, password = login.partition(":")
    options = _options(parts, is_tls=scheme == "rediss", with_sentinels=bool(with_sentinels))
    given: dict[str, Any] = {
        "user": unquote(user) or None,
        "password": unquote(password) or None,
        **options,
    }
    if scheme == "unix":
        if not parts.path:
            raise ValueError("names no socket: unix:///path/of/the/socket")
        return RedisAddress(path=unquote(parts.path), **given)
    primary, db = _primary_and_db(parts.path) if with_sentinels else ("", parts.path)
    if not re.fullmatch(r"/?[0-9]*", db):
        raise ValueError("must end with the number of a database, such as /0")
    default = SENTINEL_PORT if with_sentinels else PORT
    hosts = tuple(_host(one, default) for one in where.split(","))
    if len(hosts) > 1 and not with_sentinels:
        raise ValueError("names several hosts, which only redis+sentinel:// may")
    number = int(db.strip("/") or 0)
    return RedisAddress(hosts=hosts, db=number, primary=primary, is_tls=scheme == "rediss", **given)


def _primary_and_db(path: str) -> "tuple[str, str]":
    _, _, rest = path.partition("/")
    primary, slash, db = rest.partition("/")
    if not primary:
        raise ValueError("must name the primary behind the sentinels: redis+sentinel://host:26379/name/0")
    return unquote(primary), slash + db


def _host(text: str, default: int) -> Host:
    parts = urlsplit(f"//{text}")
    return Host(parts.hostname or "127.0.0.1", parts.port or default)  # ValueError for what is no port


def _options(parts: SplitResult, *, is_tls: bool, with_sentinels: bool) -> dict[str, str]:
    if parts.fragment or "#" in parts.netloc:
        raise ValueError("takes nothing after #; put a special character of a password as %XX")
    allowed = (TLS_OPTIONS if is_tls else ()) + (SENTINEL_OPTIONS if with_sentinels else ())
    given = dict(parse_qsl(parts.query, keep_blank_values=True))
    if given.keys() - set(allowed) or (parts.query and not given):
        known = f"takes only {', '.join(allowed)} after ?" if allowed else "takes no options after ?"
        raise ValueError(f"{known}; put a special character of a password as %XX")
    for name in TLS_OPTIONS:
        if name in given and not os.access(given[name], os.R_OK):
            raise ValueError(f"{name} is no file that can be read")
    if ("cert_file" in given) != ("key_file" in given):
        raise ValueError("cert_file and key_file belong together")
    return given

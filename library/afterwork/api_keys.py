"""API keys: how one is made, what it allows, and the entries of `AFTERWORK_API_KEYS` by which a gateway knows them."""

import re
import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from hashlib import sha256

_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")
_DIGEST = re.compile(r"[0-9A-Fa-f]{64}")
_WORD = re.compile(r"[A-Za-z]{1,20}")
"""What may be repeated in an error: too short for a key or a digest in the wrong place."""
_ENTRIES = re.compile(r"[^\s;]+")


class Scope(StrEnum):
    """What a key allows: to submit jobs, to read everything, to change jobs that are there, or all of it."""

    SUBMIT = "submit"
    READ = "read"
    CONTROL = "control"
    ADMIN = "admin"


@dataclass(frozen=True, slots=True)
class ApiKey:
    """What is known of a key. name: its owner's, [a-z0-9-], up to 63 characters. digest: SHA-256 of the key itself."""

    name: str
    scopes: frozenset[Scope]
    digest: bytes = field(repr=False)

    def allows(self, scope: Scope) -> bool:
        """Whether the key has this scope; `admin` includes all others."""
        return scope in self.scopes or Scope.ADMIN in self.scopes

    @property
    def entry(self) -> str:
        """The key's entry in `AFTERWORK_API_KEYS`."""
        scopes = ",".join(scope for scope in Scope if scope in self.scopes)
        return f"{self.name}:{scopes}:{self.digest.hex()}"


def new_key() -> str:
    """A key that nobody can guess: 32 random bytes in base64url after `aw_`."""
    return f"aw_{secrets.token_urlsafe(32)}"


def digest(key: bytes) -> bytes:
    """What is kept of a key in its place: its SHA-256.

    A slow, salted hash is for passwords, which can be guessed; 256 random bits cannot, however fast the hash is.
    """
    return sha256(key).digest()


def named(name: str, scopes: Iterable[Scope], key: str) -> ApiKey:
    """The key under this name with these scopes. Raises ValueError for a name that cannot be used."""
    return ApiKey(_checked(name), frozenset(scopes), digest(key.encode()))


def parse_keys(text: str) -> tuple[ApiKey, ...]:
    """The keys of `AFTERWORK_API_KEYS`: entries `name:scope,scope:sha256`, between them white space or `;`.

    Raises ValueError that says which entry is wrong, never showing what might be a key or a digest.
    """
    keys = tuple(_parse(number, entry) for number, entry in enumerate(_ENTRIES.findall(text), start=1))
    if not keys:
        raise ValueError("holds no key; create one with: afterwork keys create")
    by_name: dict[str, ApiKey] = {}
    by_digest: dict[bytes, ApiKey] = {}
    for key in keys:
        if key.name in by_name:
            raise ValueError(f"two keys have the name {key.name}")
        if key.digest in by_digest:
            raise ValueError(f"{by_digest[key.digest].name} and {key.name} are the same key")
        by_name[key.name] = by_digest[key.digest] = key
    return keys


def _parse(number: int, entry: str) -> ApiKey:
    name, *others = entry.split(":")
    try:
        return ApiKey(_checked(name), *_others(others))
    except ValueError as fault:
        place = f"entry {number} ({name})" if _NAME.fullmatch(name) else f"entry {number}"
        raise ValueError(f"{place}: {fault}") from None


def _checked(name: str) -> str:
    if not _NAME.fullmatch(name):
        raise ValueError("a name consists of 1 to 63 of a-z, 0-9 and -, the first of them not -")
    return name


def _others(parts: Sequence[str]) -> tuple[frozenset[Scope], bytes]:
    if len(parts) != 2:
        raise ValueError("is not of the form name:scope,scope:sha256")
    scopes, hexadecimal = parts
    if not _DIGEST.fullmatch(hexadecimal):
        raise ValueError("what follows the scopes is not a SHA-256 in 64 hex digits")
    return _scopes(scopes), bytes.fromhex(hexadecimal)


def _scopes(text: str) -> frozenset[Scope]:
    for word in text.split(","):
        if word not in set(Scope):
            shown = f" {word}" if _WORD.fullmatch(word) else ""
            raise ValueError(f"there is no scope{shown}, only {', '.join(Scope)}")
    return frozenset(map(Scope, text.split(",")))

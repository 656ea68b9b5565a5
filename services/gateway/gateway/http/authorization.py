"""What a caller may do: each route says by `needs(…)` which scope it takes."""

from collections.abc import Iterable
from typing import Annotated

from fastapi import Depends, Security
from fastapi.openapi.models import HTTPBearer
from fastapi.params import Depends as Dependency
from fastapi.params import Security as Needed
from fastapi.security import SecurityScopes
from fastapi.security.base import SecurityBase
from starlette.requests import Request

from afterwork.api_keys import ApiKey, Scope
from afterwork.errors import MissingScope


def require_scopes(request: Request, scopes: Iterable[str]) -> None:
    """Raise MissingScope if the caller's key lacks one of them."""
    key: ApiKey | None = request.state.api_key
    if key is None:  # let in without one
        return
    for scope in scopes:
        if not key.allows(Scope(scope)):
            raise MissingScope(scope)


class _KeyScopes(SecurityBase):
    """Compares a route's scopes with those of the key that `Authentication` found. Documents itself in OpenAPI."""

    scheme_name = "api_key"
    model = HTTPBearer(description="An API key. `afterwork keys create` makes one.")

    async def __call__(self, request: Request, needed: SecurityScopes) -> None:
        """Raise MissingScope if the key lacks one of the scopes."""
        require_scopes(request, needed.scopes)


_key_scopes = _KeyScopes()


def needs(scope: Scope) -> Needed:
    """The scope that a route, or all routes of a router, take: one of its `dependencies`."""
    needed: Needed = Security(_key_scopes, scopes=[scope.value])
    return needed


def scopes_of(dependencies: Iterable[Dependency]) -> list[str] | None:
    """The scopes that a route's dependencies ask for; None if one of them is not `needs(…)`."""
    scopes: list[str] = []
    for needed in dependencies:
        if not isinstance(needed, Needed) or needed.dependency is not _key_scopes:
            return None
        scopes += needed.scopes or []
    return scopes


def owner_of(request: Request) -> str:
    """The name of the caller's key; empty without one."""
    key: ApiKey | None = request.state.api_key
    return "" if key is None else key.name


async def _owner(request: Request) -> str:
    return owner_of(request)


Owner = Annotated[str, Depends(_owner)]
"""The type of a route's parameter that receives the name of the caller's key, whose jobs these are; empty without."""

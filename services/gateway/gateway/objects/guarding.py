"""Keeps clients from writing what the services alone write."""

from starlette.requests import Request

from afterwork.api_keys import ApiKey, Scope
from afterwork.contracts.objects import RECEIPTS
from afterwork.errors import BadParameter


def refuse_receipts(store: str, request: Request) -> None:
    """Raise BadParameter for the store of receipts, unless the caller's key has the scope admin."""
    key: ApiKey | None = request.state.api_key
    if store == RECEIPTS and (key is None or not key.allows(Scope.ADMIN)):
        raise BadParameter(f"the store {RECEIPTS} is written by the services alone")

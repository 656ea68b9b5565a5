"""The key in an address: as it was sent, whatever was decoded on the way."""

from typing import Annotated
from urllib.parse import unquote_to_bytes

from fastapi import Depends
from starlette.requests import Request

from afterwork.errors import InvalidKey

_REPLACED = "\ufffd"


async def _key(key: str, request: Request) -> str:
    """The decoded key. The server has put a replacement for what is not UTF-8, which would be another key."""
    if _REPLACED in key:
        try:
            unquote_to_bytes(request.scope["raw_path"]).decode()
        except ValueError as error:
            raise InvalidKey("the key is not UTF-8") from error
    return key


AskedKey = Annotated[str, Depends(_key)]
"""The type of a route's parameter that receives the key in the address."""

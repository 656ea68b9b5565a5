"""Where a page of documents begins: opaque tokens that name the last document of the page before."""

import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import Literal

from sqlalchemy import ColumnElement, RowMapping, UnaryExpression

from afterwork.contracts.documents import DOCUMENT_ID
from afterwork.documents.table import DOCUMENTS
from afterwork.errors import BadParameter

Order = Literal["newest", "id"]
_NUMBER = re.compile(r"[0-9]{1,18}")


def ordering(order: Order) -> UnaryExpression[object]:
    """The column that decides who comes first."""
    return DOCUMENTS.c.number.desc() if order == "newest" else DOCUMENTS.c.id.asc()


def token(order: Order, last: RowMapping) -> str:
    """Leads to what comes after the document that is last on a page."""
    place = last["number"] if order == "newest" else last["id"]
    return urlsafe_b64encode(f"{order}:{place}".encode()).decode().rstrip("=")


def after(order: Order, page_token: str) -> ColumnElement[bool]:
    """The condition that a token stands for. Raises BadParameter for one that was not made here, for this order."""
    last = _opened(order, page_token)
    if order == "newest" and _NUMBER.fullmatch(last):
        return DOCUMENTS.c.number < int(last)
    if order == "id" and re.fullmatch(DOCUMENT_ID, last):
        return DOCUMENTS.c.id > last
    raise BadParameter("page_token: not one that was given out for this list")


def _opened(order: Order, page_token: str) -> str:
    try:
        padded = page_token + "=" * (-len(page_token) % 4)
        name, _, last = urlsafe_b64decode(padded.encode()).decode().partition(":")
    except ValueError:
        return ""
    return last if name == order else ""

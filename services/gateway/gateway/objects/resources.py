"""Objects and stores as the interface shows them."""

from datetime import datetime

from pydantic import BaseModel, ConfigDict

from afterwork.contracts.objects import Tier
from afterwork.stores import ObjectInfo
from gateway.links import object_path


class ObjectLinks(BaseModel):
    """Addresses that belong to an object."""

    model_config = ConfigDict(frozen=True)

    self: str


class ObjectSummary(BaseModel):
    """An object in a list. size in bytes. etag: changes with the content."""

    model_config = ConfigDict(frozen=True)

    key: str
    size: int
    etag: str
    modified_at: datetime
    content_type: str | None = None
    tier: Tier | None = None
    links: ObjectLinks


class ObjectResource(ObjectSummary):
    """An object. name: `store/key`, as payloads of jobs name it. metadata: what else was said when it was written."""

    name: str
    metadata: dict[str, str]


class ObjectPage(BaseModel):
    """One page of a store's objects, by key. Without a `next_page_token` it is the last."""

    model_config = ConfigDict(frozen=True)

    objects: list[ObjectSummary]
    next_page_token: str | None


class StoreSummary(BaseModel):
    """A store in the list of all."""

    model_config = ConfigDict(frozen=True)

    name: str


class StoreList(BaseModel):
    """All stores, by name."""

    model_config = ConfigDict(frozen=True)

    stores: list[StoreSummary]


def summary(store: str, info: ObjectInfo) -> ObjectSummary:
    """The object as it stands in a list."""
    return ObjectSummary(
        key=info.key,
        size=info.size,
        etag=info.etag,
        modified_at=info.modified_at,
        content_type=info.content_type,
        tier=info.tier,
        links=ObjectLinks(self=object_path(store, info.key)),
    )


def resource(store: str, info: ObjectInfo) -> ObjectResource:
    """The object as it is answered."""
    return ObjectResource(
        **vars(summary(store, info)), name=f"{store}/{info.key}", metadata=dict(info.metadata)
    )

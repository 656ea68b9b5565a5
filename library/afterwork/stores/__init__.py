"""Objects in named places: one small port over local directories, S3, Azure and Google Cloud Storage."""

from afterwork.stores.port import ObjectInfo, ObjectReader, Staged, Store, Traits
from afterwork.stores.registry import Place, Stores
from afterwork.stores.settings import StoreSettings

__all__ = ["ObjectInfo", "ObjectReader", "Place", "Staged", "Store", "StoreSettings", "Stores", "Traits"]

"""JSON documents in collections: one small port over SQLite and PostgreSQL."""

from afterwork.documents.documents import Documents
from afterwork.documents.location import UnfitDatabase

__all__ = ["Documents", "UnfitDatabase"]

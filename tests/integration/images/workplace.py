"""What the tests of `image.analyze` have at hand."""

from dataclasses import dataclass

from afterwork.documents import Documents
from afterwork.stores import Store
from processor.images.analyst import Analyst


@dataclass(frozen=True, slots=True)
class Workplace:
    """One store, the documents, and the analyst who works with both."""

    inbox: Store
    documents: Documents
    analyst: Analyst

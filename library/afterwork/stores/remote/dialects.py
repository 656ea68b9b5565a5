"""How clouds differ in what they call the same."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from afterwork.contracts.objects import Tier
from afterwork.stores.port import Traits

TIER_NAME = "afterwork-tier"
"""The metadata that say at which tier we wrote an object: obstore does not hand on what the clouds say of it."""
_CLOUDS_OWN = {"binary/octet-stream", "application/octet-stream"}
"""Content types that clouds give to what has none."""


def _by_code_points(key: str) -> bytes:
    return key.encode()


def _by_utf16(key: str) -> bytes:
    return key.encode("utf-16-be")


@dataclass(frozen=True, slots=True)
class Dialect:
    """classes: what the tiers are called. order: how keys are sorted. copies: whether `copy` has an end one can trust.

    hyphen: what stands for it in the names of metadata.
    """

    classes: Mapping[Tier, str] = field(default_factory=dict)
    order: Callable[[str], bytes] = _by_code_points
    copies: bool = True
    hyphen: str = "-"

    def attributes(self, traits: Traits) -> dict[str, str]:
        """The traits as obstore takes them."""
        found = {name.replace("-", self.hyphen): value for name, value in traits.metadata.items()}
        if traits.content_type is not None:
            found["Content-Type"] = traits.content_type
        if traits.tier is not None:
            found[TIER_NAME.replace("-", self.hyphen)] = traits.tier.value
            if traits.tier in self.classes:
                found["Storage-Class"] = self.classes[traits.tier]
        return found

    def traits(self, attributes: Mapping[str, str]) -> Traits:
        """What obstore hands on of an object, as traits."""
        content_type = attributes.get("Content-Type")
        metadata = {
            name.replace(self.hyphen, "-"): value
            for name, value in attributes.items()
            if name.islower() and name.isascii()  # the others are no metadata but headers
        }
        tier = metadata.pop(TIER_NAME, None)
        return Traits(
            None if content_type in _CLOUDS_OWN else content_type,
            metadata,
            Tier(tier) if tier in set(Tier) else None,
        )


_S3 = {Tier.HOT: "STANDARD", Tier.COOL: "STANDARD_IA", Tier.COLD: "GLACIER_IR", Tier.ARCHIVE: "GLACIER"}
_AZURE = {Tier.HOT: "Hot", Tier.COOL: "Cool", Tier.COLD: "Cold", Tier.ARCHIVE: "Archive"}
_GOOGLE = {Tier.HOT: "STANDARD", Tier.COOL: "NEARLINE", Tier.COLD: "COLDLINE", Tier.ARCHIVE: "ARCHIVE"}

DIALECTS = {
    "memory": Dialect(),
    "s3": Dialect(_S3),
    # Azure may copy after it has answered, and lists as Azurite does: by UTF-16 units.
    "az": Dialect(_AZURE, order=_by_utf16, copies=False, hyphen="_"),
    "gs": Dialect(_GOOGLE),
}

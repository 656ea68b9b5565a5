"""Why one object could not be archived, while others can."""

from typing import ClassVar

from afterwork.errors import BadParameter, InvalidKey, ObjectMissing, StoreUnavailable


class ObjectFault(Exception):
    """Base of what the archiver itself finds wrong with an object."""

    may_pass: ClassVar[bool] = False


class Conflict(ObjectFault):
    """The destination may not be written: something else is there, or it is the source."""


class Unreadable(Conflict):
    """Something is there, but as it is archived nobody can read it, so as to tell whether it is the same."""


class SourceChanged(ObjectFault):
    """The source was not the same all the time while it was copied."""

    may_pass = True


class Unverified(ObjectFault):
    """What was read back from the destination's store is not what was written to it."""

    may_pass = True


OF_ONE_OBJECT = (ObjectFault, ObjectMissing, InvalidKey, BadParameter, StoreUnavailable)
"""What costs one object and lets the others go on."""


def may_pass(error: Exception) -> bool:
    """Whether another attempt may help."""
    return error.may_pass if isinstance(error, ObjectFault) else isinstance(error, StoreUnavailable)

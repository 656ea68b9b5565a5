"""Hashes what exists already by reading it, whatever is recorded with it: anybody may have written that."""

from afterwork.errors import ObjectConflict
from afterwork.stores import ObjectInfo, Place
from archiver.faults import Unreadable
from archiver.hashing import Digest


async def sha256_of(place: Place, info: ObjectInfo) -> str:
    """Of the object's content, in hexadecimal.

    Raises ObjectConflict if it is not the one of the info any more, Unreadable if it is, and has to be restored first.
    """
    try:
        async with place.store.read(place.key, if_match=info.etag) as reader:
            return await Digest().of(reader.chunks())
    except ObjectConflict as error:
        if (await place.store.stat(place.key)).etag != info.etag:
            raise
        raise Unreadable(f"nobody can tell whether the same is there already: {error}") from error

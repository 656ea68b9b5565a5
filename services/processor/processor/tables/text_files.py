"""A text file as UTF-8: whatever it is written in, checked to the last byte."""

import codecs
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from itertools import chain
from pathlib import Path

from afterwork import errors
from afterwork.contracts.tables import Encoding

CHUNK = 2**20
_MARKS = (  # the longer ones first, as one begins with another
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)


@dataclass(frozen=True, slots=True)
class TextFile:
    """A file in UTF-8 without a byte order mark. quotes: how many double quotes it has. is_blank: has only spaces."""

    path: Path
    quotes: int
    is_blank: bool


def as_utf8(source: Path, encoding: Encoding, scratch: Path) -> TextFile:
    """The text of a file, written anew into the directory `scratch` unless it is plain UTF-8.

    Raises InputInvalid with the place of what cannot be read in its encoding, and of NUL characters.
    """
    with source.open("rb") as file:
        mark, name = _encoding(file.read(4), encoding)
    target = source if name == "utf-8" and not mark else scratch / "utf-8.txt"
    quotes, is_blank = 0, True
    with (Path("/dev/null") if target is source else target).open("wb") as into:
        for text in _texts(source, mark, name):
            quotes += text.count('"')
            is_blank = is_blank and (not text or text.isspace())
            if target is not source:
                into.write(text.encode())
    return TextFile(target, quotes, is_blank)


def _encoding(begin: bytes, declared: Encoding) -> tuple[int, str]:
    """Bytes of the byte order mark, and the encoding; the mark says more than what was declared."""
    for mark, name in _MARKS:
        if begin.startswith(mark):
            return len(mark), name
    return 0, {"utf-16": "utf-16-le", "utf-32": "utf-32-le"}.get(declared.value, declared.value)


def _texts(source: Path, mark: int, encoding: str) -> Iterator[str]:
    decoder = codecs.getincrementaldecoder(encoding)()
    lines, offset = 1, mark
    with source.open("rb") as file:
        file.seek(mark)
        for chunk in chain(iter(partial(file.read, CHUNK), b""), [b""]):
            waiting = len(decoder.getstate()[0])
            try:
                text = decoder.decode(chunk, final=not chunk)
            except UnicodeDecodeError as error:
                good = error.object[: error.start].decode(encoding, "ignore")
                place = offset - waiting + error.start
                raise _undecodable(error, place, lines + good.count("\n"), encoding) from None
            if "\0" in text:
                line = lines + text[: text.index("\0")].count("\n")
                raise errors.InputInvalid(
                    f"line {line} has a NUL character, which no text has; is it UTF-16?"
                )
            lines += text.count("\n")
            offset += len(chunk)
            yield text


def _undecodable(error: UnicodeDecodeError, place: int, line: int, encoding: str) -> errors.InputInvalid:
    found = error.object[error.start : error.start + 1].hex().upper()
    fact = f"byte {place} (0x{found}, line {line}) is no {encoding}"
    return errors.InputInvalid(f"{fact}; say what it is written in, such as encoding: latin-1")

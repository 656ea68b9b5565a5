"""Between texts and other values: which texts are numbers, dates and timestamps, and how values are written."""

from collections.abc import Callable
from datetime import UTC, date, datetime

import pyarrow as pa
import pyarrow.compute as pc

from afterwork.expressions import ValueKind
from processor.tables.columns import MOMENT, MOMENT_UTC, Values, kind_of

NUMBER = r"^[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?$"
_YEAR = "(?:[0-9]{3}[1-9]|[0-9]{2}[1-9]0|[0-9][1-9]00|[1-9]000)"  # no year 0
_DAY = rf"{_YEAR}-[0-9]{{2}}-[0-9]{{2}}"
DATE = rf"^{_DAY}$"
_CLOCK = r"[0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]{1,6})?)?"
TIMESTAMP = rf"^{_DAY}[T ]{_CLOCK}$"
TIMESTAMP_WITH_ZONE = rf"^{_DAY}[T ]{_CLOCK}(?:Z|[+-][0-9]{{2}}:?[0-9]{{2}})$"


def matches(texts: Values, pattern: str) -> Values:
    """Whether each text is of the pattern (RE2); null for null."""
    return pc.match_substring_regex(texts, pattern)


def to_number(texts: Values) -> Values:
    """Texts as numbers, null for those that are none. White space around them does not count."""
    trimmed = pc.utf8_trim_whitespace(texts)
    known = pc.if_else(matches(trimmed, NUMBER), trimmed, pa.scalar(None, trimmed.type))
    return pc.cast(pc.replace_substring_regex(known, r"^\+", ""), pa.float64())


def to_date(texts: Values) -> Values:
    """`2026-01-31` as a date, also from the beginning of a timestamp's text; null for what is neither."""
    trimmed = pc.utf8_trim_whitespace(texts)
    is_date = matches(trimmed, DATE)
    plain = _parsed(trimmed, is_date, pa.date32(), date.fromisoformat)
    if not _any(pc.and_not_kleene(pc.is_valid(trimmed), is_date)):
        return plain
    return pc.coalesce(plain, pc.cast(to_timestamp(trimmed), pa.date32(), safe=False))


def to_timestamp(texts: Values) -> Values:
    """ISO 8601 as a timestamp in UTC, which it is without a zone; null for what is none."""
    trimmed = pc.utf8_trim_whitespace(texts)
    dates = _parsed(trimmed, matches(trimmed, DATE), MOMENT, datetime.fromisoformat)
    local = _parsed(trimmed, matches(trimmed, TIMESTAMP), MOMENT, datetime.fromisoformat)
    zoned = _parsed(trimmed, matches(trimmed, TIMESTAMP_WITH_ZONE), MOMENT_UTC, _in_utc)
    return pc.coalesce(zoned, *(pc.assume_timezone(values, "UTC") for values in (local, dates)))


def as_text(values: Values) -> Values:
    """Values as they are written: the shortest digits that give the same number, ISO 8601, `true` and `false`."""
    kind = kind_of(values.type)
    if kind is ValueKind.TIMESTAMP:
        return _written_moments(values)
    return pc.cast(values, pa.large_string())


def _parsed(
    texts: Values, wanted: Values, kind: pa.DataType, parse: Callable[[str], date | datetime]
) -> Values:
    """The wanted texts as Arrow reads them; if it refuses any, one by one, and null for those."""
    chosen = pc.if_else(wanted, texts, pa.scalar(None, texts.type))
    try:
        return pc.cast(chosen, kind)
    except pa.ArrowInvalid:  # the 31st of February
        if isinstance(chosen, pa.Scalar):
            return pa.scalar(_or_none(parse, chosen.as_py()), kind)
        encoded = pa.chunked_array([chosen]) if isinstance(chosen, pa.Array) else chosen
        encoded = encoded.combine_chunks().dictionary_encode()
        values = pa.array([_or_none(parse, text) for text in encoded.dictionary.to_pylist()], kind)
        return values.take(encoded.indices)


def _or_none(parse: Callable[[str], date | datetime], text: str | None) -> date | datetime | None:
    try:
        return None if text is None else parse(text)
    except (ValueError, OverflowError):
        return None


def joined(*texts: Values | str) -> Values:
    """Texts one after another, null where any is null."""
    wide = [pa.scalar(text, pa.large_string()) if isinstance(text, str) else text for text in texts]
    return pc.binary_join_element_wise(*wide, pa.scalar("", pa.large_string()))


def _in_utc(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


def _written_moments(values: Values) -> Values:
    zone = "" if values.type.tz is None else "Z"
    moments = pc.cast(values, MOMENT if values.type.tz is None else MOMENT_UTC, safe=False)
    text = pc.strftime(pc.cast(moments, MOMENT), format="%Y-%m-%dT%H:%M:%S")
    text = pc.replace_substring(pc.cast(text, pa.large_string()), ".000000", "")
    return joined(text, zone) if zone else text


def _any(mask: Values) -> bool:
    if isinstance(mask, pa.Scalar):
        return mask.as_py() is True
    return pc.any(mask).as_py() is True

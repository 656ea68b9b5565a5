"""What a copy tells of its source is found again, whatever the source is called."""

from hypothesis import given
from hypothesis import strategies as st
from tests.unit.archiver.objects import JOB

from archiver.provenance import Provenance

SHA256 = "0f" * 32
NAMES = st.text(st.characters(codec="utf-8"), min_size=1, max_size=40)


@given(source=NAMES, etag=NAMES)
def test_what_is_told_is_found_again(source: str, etag: str) -> None:
    told = Provenance(JOB, SHA256, etag, source)

    metadata = told.beside({"color": "red"})

    assert Provenance.of(metadata) == told
    assert metadata["color"] == "red"
    assert all(value.isascii() and value.isprintable() and " " not in value for value in metadata.values())


def test_what_an_earlier_copy_has_said_is_not_handed_on() -> None:
    earlier = Provenance("earlier", "aa" * 32, "e0", "first/a.csv").beside({})

    told = Provenance(JOB, SHA256, "e1", None).beside(earlier)

    assert Provenance.of(told) == Provenance(JOB, SHA256, "e1", None)


def test_a_name_for_which_there_is_no_room_is_left_out() -> None:
    long = Provenance(JOB, SHA256, "e1", "inbox/" + "ü" * 300)

    short = long.beside({"a": "x" * 300})

    assert Provenance.of(short) == Provenance(JOB, SHA256, "e1", None)
    assert Provenance.of(long.beside({})) == long
    assert sum(len(name) + len(value) for name, value in short.items()) <= 2048


def test_objects_of_others_tell_nothing() -> None:
    assert Provenance.of({}) is None
    assert Provenance.of({"afterwork-job": JOB}) is None

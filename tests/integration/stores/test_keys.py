"""Whatever is given for a key: it is refused, or it is the key of an object below the directory."""

import tempfile
from pathlib import Path

from hypothesis import example, given, settings
from hypothesis import strategies as st
from tests.integration.stores.contents import content_of, keys_of

from afterwork.errors import InvalidKey
from afterwork.stores import Stores, StoreSettings

PARTS = st.sampled_from(
    [
        "..",
        ".",
        "",
        "a",
        "%2e%2e",
        "%2F",
        "~",
        ".afterwork",
        "writing",
        "x" * 300,
        "\0",
        "\\",
        "ü",
        "💥",
        "\ud800",
    ]
)
KEYS = st.one_of(st.text(), st.lists(st.one_of(PARTS, st.text(max_size=5)), max_size=6).map("/".join))


def everything_below(folder: Path) -> set[str]:
    """The paths of all that is there."""
    return {str(path.relative_to(folder)) for path in folder.rglob("*")}


@settings(max_examples=150, deadline=None)
@given(key=KEYS, other=KEYS)
@example(key="../outside/new", other="..")
@example(key="a", other="a/b")
async def test_a_key_is_refused_or_comes_back_and_never_leads_out(key: str, other: str) -> None:
    with tempfile.TemporaryDirectory() as name:
        # given a store with neighbours
        folder = Path(name)
        (folder / "outside").mkdir()
        (folder / "outside/file").write_text("untouched")
        async with Stores.open({"inbox": StoreSettings(url=f"file://{folder}/store")}) as stores:
            store = stores["inbox"]
            expected = {}

            # when something is written under any keys
            for one in (key, other):
                try:
                    await store.write(one, repr(one).encode())
                except InvalidKey:
                    continue
                expected[one] = repr(one).encode()

            # then what was taken is there under just these keys
            assert await keys_of(store) == sorted(expected)
            for one, content in expected.items():
                assert await content_of(store, one) == content
                assert await keys_of(store, one) == sorted(key for key in expected if key.startswith(one))
            for one in expected:
                await store.delete(one)
            assert await keys_of(store) == []

        # and nothing anywhere else
        assert {path.name for path in folder.iterdir()} == {"store", "outside"}  # noqa: ASYNC240 - a test
        assert everything_below(folder / "outside") == {"file"}
        assert (folder / "outside/file").read_text() == "untouched"

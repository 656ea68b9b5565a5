import pytest
from tests.bench.engine.comparison import installed
from tests.bench.engine.figures import Found
from tests.bench.peers import catalog, environments


def test_every_peer_has_a_version_for_each_package_that_it_names() -> None:
    for peer in catalog.PEERS:
        versions = peer.versions()
        assert set(versions) == set(peer.packages), peer.name
        assert all(versions.values()), peer.name


def test_every_lock_has_hashes_and_no_index() -> None:
    for lock in environments.LOCKS.parent.rglob("*.txt"):
        text = lock.read_text(encoding="utf-8")
        assert text.count("--hash=sha256:") > text.count("=="), lock.name
        assert "index" not in text, lock.name
    assert '"resolved"' not in (environments.NODE / "package-lock.json").read_text(encoding="utf-8")


def test_a_peer_that_cannot_be_installed_is_named_with_the_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    # given
    monkeypatch.setenv("PATH", "")
    found = Found()

    # when
    ready = installed(found, [catalog.BULLMQ])

    # then
    assert ready == []
    assert found.missing == {"BullMQ": "Node with npm is not installed"}

"""What a server's settings make of its confirmation."""

from itertools import pairwise

import pytest

from afterwork.contracts import Durability
from afterwork.engine.server.durability import durability_of, lesser, settings_from

ALWAYS = {"appendonly": "yes", "appendfsync": "always", "no-appendfsync-on-rewrite": "no"}


@pytest.mark.parametrize(
    ("settings", "durability"),
    [
        ({}, Durability.UNKNOWN),
        ({"appendonly": "no", "appendfsync": "always"}, Durability.MEMORY),
        (ALWAYS, Durability.FSYNC),
        ({**ALWAYS, "appendfsync": "everysec"}, Durability.EVERYSEC),
        ({**ALWAYS, "appendfsync": "no"}, Durability.UNKNOWN),
        ({**ALWAYS, "no-appendfsync-on-rewrite": "yes"}, Durability.UNKNOWN),
        ({**ALWAYS, "maxmemory": "100", "maxmemory-policy": "allkeys-lru"}, Durability.UNKNOWN),
        ({**ALWAYS, "maxmemory": "0", "maxmemory-policy": "allkeys-lru"}, Durability.FSYNC),
        ({**ALWAYS, "maxmemory": "100", "maxmemory-policy": "volatile-lru"}, Durability.FSYNC),
        ({**ALWAYS, "maxmemory": "100", "maxmemory-policy": "noeviction"}, Durability.FSYNC),
    ],
)
def test_no_more_is_promised_than_the_settings_hold(settings: dict[str, str], durability: Durability) -> None:
    assert durability_of(settings) is durability


def test_of_two_promises_the_lesser_counts() -> None:
    ascending = [
        Durability.MEMORY,
        Durability.UNKNOWN,
        Durability.EVERYSEC,
        Durability.FSYNC,
        Durability.REPLICA,
    ]

    assert set(ascending) == set(Durability)
    for low, high in pairwise(ascending):
        assert lesser(low, high) is lesser(high, low) is low


def test_names_and_values_come_in_turn() -> None:
    assert settings_from([b"appendonly", b"yes", b"save", b""]) == {"appendonly": "yes", "save": ""}

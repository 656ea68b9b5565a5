"""Findings in the words of ARQ's settings, with the address that they have."""

from contextvars import copy_context

import pytest
from redis.exceptions import AuthenticationError
from redis.exceptions import ConnectionError as NoConnection

from afterwork.arq import RedisSettings
from afterwork.arq.connections import unconnected
from afterwork.arq.words import address_of, told, words_of
from afterwork.engine.server import findings
from afterwork.engine.server.findings import WORDS, Finding, finding_of

FINDINGS = [
    *(value for value in vars(findings).values() if isinstance(value, Finding)),
    *findings._BY_CODE.values(),  # noqa: SLF001 - those have no other name
]


@pytest.mark.parametrize(
    ("settings", "address"),
    [
        (RedisSettings(), "localhost:6379"),
        (RedisSettings(host="cache.example", port=7000, ssl=True), "cache.example:7000"),
        (RedisSettings(unix_socket_path="/run/redis.sock"), "/run/redis.sock"),
        (
            RedisSettings(sentinel=True, host=[("one", 26379), ("two", 26380)], sentinel_master="house"),
            "the primary 'house' of the sentinels one:26379, two:26380",
        ),
    ],
)
def test_an_address_is_told_as_the_settings_have_it(settings: RedisSettings, address: str) -> None:
    pool = unconnected(settings).connection_pool

    assert address_of(pool) == address
    assert told(OSError("no such thing"), pool) == f"Redis does not answer at {address}"


def test_no_finding_names_a_setting_of_the_services() -> None:
    assert len(FINDINGS) > 15
    words = words_of(unconnected(RedisSettings(password="secret")).connection_pool)

    for finding in FINDINGS:
        said = words(finding.code, finding.sentence)
        assert "AFTERWORK" not in said
        assert "_file" not in said
        assert "://" not in said
        assert ("redis_settings" in said) == ("AFTERWORK" in finding.sentence), said


def test_the_words_hold_where_they_were_set_and_nowhere_else() -> None:
    error = NoConnection("refused")
    error.__cause__ = AuthenticationError("invalid username-password pair or user is disabled.")
    elsewhere = copy_context()
    pool = unconnected(RedisSettings()).connection_pool

    elsewhere.run(WORDS.set, words_of(pool))

    assert elsewhere.run(lambda: finding_of(error).text).endswith("password in redis_settings")
    assert finding_of(error).text.endswith("password in AFTERWORK_REDIS__URL")

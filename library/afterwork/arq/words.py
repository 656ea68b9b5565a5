"""What is wrong with a server, in the words of ARQ's settings, and with the address that they really have."""

from redis.asyncio import ConnectionPool
from redis.asyncio.sentinel import SentinelConnectionPool

from afterwork.engine.server.findings import Words, finding_of

_SENTENCES = {
    "away": "Redis does not answer at {where}",
    "no-primary": "{where}: none that can be used is named; wait for the failover, or see to the sentinels and to "
    "sentinel_master in redis_settings",
    "tls-needed": "Redis speaks TLS only: set ssl=True in redis_settings",
    "tls-unknown": "Redis speaks no TLS there: leave ssl out of redis_settings, or name its TLS port",
    "tls-untrusted": "the certificate of Redis is not trusted: name its authority by ssl_ca_certs in redis_settings",
    "tls-certificate": "Redis asks for a certificate that it trusts: name one by ssl_certfile and ssl_keyfile in "
    "redis_settings",
}
"""By the code of a finding; those of others only name the setting."""


def words_of(pool: ConnectionPool) -> Words:
    """For findings about the server of this pool."""
    where = address_of(pool)

    def words(code: str, sentence: str) -> str:
        known = _SENTENCES.get(code)
        return (
            known.format(where=where) if known else sentence.replace("AFTERWORK_REDIS__URL", "redis_settings")
        )

    return words


def told(error: BaseException, pool: ConnectionPool) -> str:
    """Why a call of this pool failed, in one sentence without passwords."""
    finding = finding_of(error)
    return words_of(pool)(finding.code, finding.sentence)


def address_of(pool: ConnectionPool) -> str:
    """Where the pool connects to: a host and its port, a Unix socket, or the primary that sentinels name."""
    if isinstance(pool, SentinelConnectionPool):
        asked = [one.connection_pool for one in pool.sentinel_manager.sentinels]
        return f"the primary {pool.service_name!r} of the sentinels {', '.join(map(address_of, asked))}"
    options = pool.connection_kwargs
    if "path" in options:
        return str(options["path"])
    return f"{options.get('host', 'localhost')}:{options.get('port', 6379)}"

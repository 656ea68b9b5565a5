"""A Redis that speaks TLS, on a port of its own beside a plain one, and the certificates of both sides."""

from pathlib import Path

import trustme

from tests.servers import RedisServer, free_port, redis_binary

HOST = "127.0.0.1"


class Certificates:
    """Files in a folder. authority: whom all trust; stranger: whom nobody should. client: certificate and key."""

    def __init__(self, folder: Path) -> None:
        self._authority = trustme.CA()
        self._folder = folder
        self.authority = folder / "authority.pem"
        self.stranger = folder / "stranger.pem"
        self._authority.cert_pem.write_to_path(self.authority)
        trustme.CA().cert_pem.write_to_path(self.stranger)
        self.client = self.issue("afterwork@example.org")
        self.bare = f"?ca_file={self.authority}"
        self.with_client = f"{self.bare}&cert_file={self.client}&key_file={self.client}"

    def issue(self, name: str) -> Path:
        """Key and certificate in one file, for a name or an address."""
        path = self._folder / f"{name}.pem"
        self._authority.issue_cert(name).private_key_and_cert_chain_pem.write_to_path(path)
        return path


class TlsServer(RedisServer):
    """Debian's redis-server. plain_port, tls_port: where it speaks without and with TLS."""

    def __init__(self, certificates: Certificates, *, name: str = HOST, clients: str = "no") -> None:
        own = str(certificates.issue(name))
        self.plain_port, self.tls_port = free_port(), free_port()
        super().__init__(
            redis_binary(),
            port=str(self.plain_port),
            tls_port=str(self.tls_port),
            tls_cert_file=own,
            tls_key_file=own,
            tls_ca_cert_file=str(certificates.authority),
            tls_auth_clients=clients,
        )

    @property
    def tls(self) -> str:
        """Its address over TLS, without options."""
        return f"rediss://{HOST}:{self.tls_port}/0"

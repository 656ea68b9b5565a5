import socket
from base64 import b64decode
from collections.abc import Mapping
from pathlib import Path

import pytest

from afterwork_up.effects import Effects, effects
from afterwork_up.refusal import Refusal


def found(data: Path, smtp_port: int | None = None, **operators: str) -> Effects:
    with effects(data, data, operators, smtp_port=smtp_port, patience=0) as made:
        return made


def smtp_of(environment: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in environment.items() if "__SMTP" in name or "_SMTP__" in name}


def test_stores_and_documents_are_below_the_data_directory(tmp_path: Path) -> None:
    made = found(tmp_path)

    for name in ("inbox", "results", "images", "archive", "receipts"):
        assert (
            made.environment[f"AFTERWORK_STORES__{name.upper()}__URL"] == f"file://{tmp_path}/stores/{name}"
        )
        assert (tmp_path / "stores" / name).is_dir()
    assert made.environment["AFTERWORK_DOCUMENTS__URL"] == f"sqlite:///{tmp_path}/documents.sqlite"


def test_webhooks_are_signed_with_a_secret_that_is_made_once(tmp_path: Path) -> None:
    secret = found(tmp_path).environment["AFTERWORK_WEBHOOKS__SECRET"]

    assert len(b64decode(secret.removeprefix("whsec_"), validate=True)) == 32
    assert found(tmp_path).environment["AFTERWORK_WEBHOOKS__SECRET"] == secret
    assert (tmp_path / "webhooks-secret").stat().st_mode & 0o777 == 0o600
    assert (
        "AFTERWORK_WEBHOOKS__SECRET" not in found(tmp_path, AFTERWORK_WEBHOOKS__SECRET="whsec_x").environment
    )


def test_a_path_that_is_no_plain_text_is_written_as_a_url(tmp_path: Path) -> None:
    made = found(tmp_path / "a b%20#?")

    assert made.environment["AFTERWORK_STORES__INBOX__URL"].endswith("/a%20b%2520%23%3F/stores/inbox")


def test_mail_goes_to_an_inbox_on_a_port_that_is_listened_on_already(tmp_path: Path) -> None:
    with effects(tmp_path, tmp_path, {}, smtp_port=None, patience=0) as made:
        assert made.inbox
        assert made.mail == tmp_path / "mail"
        smtp = smtp_of(made.environment)
        assert (smtp["AFTERWORK_SMTP__HOST"], smtp["AFTERWORK_SMTP__TLS"]) == ("127.0.0.1", "none")

        # whoever connects before the inbox runs, waits
        socket.create_connection(("127.0.0.1", int(smtp["AFTERWORK_SMTP__PORT"])), timeout=5).close()


def test_what_the_operator_has_set_stays(tmp_path: Path) -> None:
    made = found(
        tmp_path,
        AFTERWORK_STORES__INBOX__URL="s3://bucket",
        AFTERWORK_DOCUMENTS__URL="postgresql://db/aw",
        AFTERWORK_SMTP__HOST="mail.example.com",
    )

    assert "AFTERWORK_STORES__INBOX__URL" not in made.environment
    assert "AFTERWORK_STORES__RESULTS__URL" in made.environment
    assert "AFTERWORK_DOCUMENTS__URL" not in made.environment
    assert smtp_of(made.environment) == {}
    assert (made.inbox, made.mail) == (None, None)
    assert not (tmp_path / "mail").exists()


def test_a_variable_that_is_set_to_nothing_is_not_set(tmp_path: Path) -> None:
    made = found(tmp_path, AFTERWORK_SMTP__HOST="", AFTERWORK_STORES__INBOX__URL="")

    assert made.inbox
    assert "AFTERWORK_STORES__INBOX__URL" in made.environment


def test_a_port_of_the_inbox_that_is_in_use_is_refused(tmp_path: Path) -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as other,
        pytest.raises(Refusal, match=r"another program uses it \(choose another with --smtp-port\)"),
    ):
        found(tmp_path, smtp_port=other.getsockname()[1])


def test_a_port_for_an_inbox_that_will_not_be_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Refusal, match="AFTERWORK_SMTP__HOST is set"):
        found(tmp_path, smtp_port=2525, AFTERWORK_SMTP__HOST="mail.example.com")

"""Addresses of Redis: each form is read, and what is wrong is said without the password."""

from pathlib import Path

import pytest

from afterwork.redis_address import Host, RedisAddress, parse_address


@pytest.mark.parametrize(
    ("url", "address"),
    [
        ("redis://", RedisAddress((Host("127.0.0.1", 6379),))),
        ("redis://one", RedisAddress((Host("one", 6379),))),
        ("redis://one:1/2", RedisAddress((Host("one", 1),), db=2)),
        ("redis://[::1]:1/", RedisAddress((Host("::1", 1),))),
        ("redis://:s%2Fcr%40t@one", RedisAddress((Host("one", 6379),), password="s/cr@t")),
        ("redis://bob:pass@one/1", RedisAddress((Host("one", 6379),), db=1, user="bob", password="pass")),
        ("rediss://one", RedisAddress((Host("one", 6379),), is_tls=True)),
        ("unix:///run/redis.sock", RedisAddress(path="/run/redis.sock")),
        ("unix://bob:pass@/run/r.sock", RedisAddress(path="/run/r.sock", user="bob", password="pass")),
        (
            "redis+sentinel://:pass@one,two:1/name/3",
            RedisAddress((Host("one", 26379), Host("two", 1)), db=3, primary="name", password="pass"),
        ),
        (
            "rediss+sentinel://one/name?sentinel_user=a&sentinel_password=b%26",
            RedisAddress(
                (Host("one", 26379),), primary="name", is_tls=True, sentinel_user="a", sentinel_password="b&"
            ),
        ),
    ],
)
def test_each_form_is_read(url: str, address: RedisAddress) -> None:
    assert parse_address(url) == address


def test_files_of_certificates_are_options_of_tls(tmp_path: Path) -> None:
    file = tmp_path / "own.pem"
    file.touch()

    address = parse_address(f"rediss://one?ca_file={file}&cert_file={file}&key_file={file}")

    assert (address.ca_file, address.cert_file, address.key_file) == (str(file),) * 3


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("http://:S3CRET@one", "must begin with redis://"),
        ("S3CRET", "must begin with redis://"),
        ("unix+sentinel://one/name", "must begin with redis://"),
        ("redis://:S3CRET@one:port/0", "Port could not be cast"),
        ("redis://one/zero", "must end with the number of a database"),
        ("redis://one,two/0", "several hosts"),
        ("redis+sentinel://:S3CRET@one", "must name the primary"),
        ("redis+sentinel://one/name/zero", "must end with the number of a database"),
        ("unix://", "names no socket"),
        ("redis://one?ca_file=/etc/passwd", "takes no options after ?"),
        ("redis://one?x", "takes no options after ?"),
        ("rediss://one?socket_timeout=1", "takes only ca_file, cert_file, key_file after ?"),
        ("rediss://one?ca_file=/nowhere", "ca_file is no file that can be read"),
        ("rediss://one?cert_file=/etc/passwd", "cert_file and key_file belong together"),
        ("redis://:S3#CRET@one", "takes nothing after #"),
        ("redis://:S3?CRET@one", "takes no options after ?"),
    ],
)
def test_what_is_wrong_is_said_without_the_password(url: str, said: str) -> None:
    with pytest.raises(ValueError, match=said.replace("?", r"\?")) as refusal:
        parse_address(url)

    assert "S3" not in str(refusal.value)
    assert "CRET" not in str(refusal.value)

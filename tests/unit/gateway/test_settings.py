"""Where the gateway may listen."""

import pytest
from pydantic import ValidationError

from gateway.settings import Listening


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.8.8", "::1", "localhost"])
def test_the_gateway_listens_on_loopback(host: str) -> None:
    assert Listening(host=host).host == host


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "10.0.0.1", "example.test", "", "127.0.0.1 "])
def test_it_listens_nowhere_else(host: str) -> None:
    with pytest.raises(ValidationError, match="loopback"):
        Listening(host=host)

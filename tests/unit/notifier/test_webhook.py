import base64
import json

import pytest
from pydantic import SecretStr, ValidationError

from afterwork.contracts.notifier import SendNotification
from notifier.settings import SmtpSettings, WebhookSettings
from notifier.webhook import body, signature


def test_the_signature_is_that_of_the_standard_s_example() -> None:
    settings = WebhookSettings(secret=SecretStr("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"))
    assert settings.key

    signed = signature(settings.key, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}')

    assert signed == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


@pytest.mark.parametrize(
    "secret", ["short", "whsec_", "whsec_aGk=", "whsec_%%%", "whsec_" + base64.b64encode(b"x" * 65).decode()]
)
def test_a_secret_that_is_none_is_refused_and_not_shown(secret: str) -> None:
    with pytest.raises(ValidationError, match="24 to 64 bytes") as fault:
        WebhookSettings(secret=SecretStr(secret))

    assert secret not in str(fault.value) or secret == "whsec_"


def test_the_body_is_the_same_in_every_attempt() -> None:
    job = SendNotification(to=["https://hook.test/"], subject="Grüße", html="<b>x</b>")

    assert body(job, "id") == body(job, "id")
    assert json.loads(body(job, "id"))["data"] == {"subject": "Grüße", "text": None, "html": "<b>x</b>"}


def test_the_port_follows_from_the_encryption() -> None:
    assert [SmtpSettings(tls=mode).the_port for mode in ("none", "starttls", "tls")] == [25, 587, 465]
    assert SmtpSettings(port=2525).the_port == 2525
    with pytest.raises(ValidationError, match="user and password"):
        SmtpSettings(user="shop")

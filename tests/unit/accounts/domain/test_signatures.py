"""Signatures, verified by somebody who knows only what Standard Webhooks says."""

from __future__ import annotations

import base64
from datetime import UTC, datetime

from staffroll_accounts.domain.signatures import SECRET_BYTES, headers, shown_secret

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


def test_the_example_of_the_standard_is_signed_as_it_says() -> None:
    key = base64.b64decode(SECRET.removeprefix("whsec_"))
    now = datetime.fromtimestamp(1614265330, UTC)

    signed = headers([key], "msg_p5jXN8AQM9LWM0D4loKWxJek", b'{"test": 2432232314}', now)

    assert signed == {
        "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
        "webhook-timestamp": "1614265330",
        "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    }


def test_two_keys_give_two_signatures_the_present_one_first() -> None:
    now = datetime(2026, 11, 24, tzinfo=UTC)

    both = headers([b"new", b"old"], "m", b"{}", now)["webhook-signature"].split(" ")

    assert both == [
        headers([key], "m", b"{}", now)["webhook-signature"] for key in (b"new", b"old")
    ]


def test_a_secret_is_shown_in_the_form_of_the_standard() -> None:
    key = bytes(range(SECRET_BYTES))

    assert base64.b64decode(shown_secret(key).removeprefix("whsec_")) == key
    assert 24 <= SECRET_BYTES <= 64

"""The form of our messages in AMQP."""

from __future__ import annotations

import pytest

from staffroll.bus.amqp.form import properties_of
from staffroll.bus.contract import EVENTS, Message


@pytest.mark.parametrize(
    ("correlation_id", "sent"), [("r" * 255, "r" * 255), ("r" * 256, None), ("ü" * 128, None)]
)
def test_a_correlation_id_that_amqp_cannot_carry_does_not_hold_the_message_up(
    correlation_id: str, sent: str | None
) -> None:
    message = Message("1", EVENTS, "acme.user.created", "user.created", "{}", correlation_id)

    properties = properties_of(message)

    assert properties.correlation_id == sent
    assert properties.encode()

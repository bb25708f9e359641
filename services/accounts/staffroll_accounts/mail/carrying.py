"""What carries a message away, and how it says that it could not."""

from __future__ import annotations

from email.message import EmailMessage
from typing import Protocol


class NotCarried(Exception):
    """The message is still here.

    Attributes:
        reason: A reply code or the name of a fault; never text of the server, which may
            repeat an address.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class CarrierAway(NotCarried):
    """No message can be carried at the moment; this one has nothing to do with it."""


class Later(NotCarried):
    """This message may be taken another time."""


class Never(NotCarried):
    """This message will not be taken, however often it is tried."""


class Carrier(Protocol):
    """Carries messages, one at a time, from one thread."""

    def carry(self, message: EmailMessage, mail_id: str) -> None:
        """Raises `NotCarried`, in one of its kinds."""

    def close(self) -> None:
        """Let go of connections until the next message."""

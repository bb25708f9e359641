"""What the views of SCIM are handed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from staffroll_accounts.passwords import Passwords


@dataclass(frozen=True, slots=True)
class AtHand:
    """What SCIM is answered with, besides the scope of who asks.

    Attributes:
        pause: After which scheduling is asked again about a membership.
    """

    passwords: Passwords
    pause: timedelta

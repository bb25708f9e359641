"""Creating, reading, listing, editing and discarding employees."""

from __future__ import annotations

from datetime import timedelta

from staffroll.following import Actions
from staffroll_scheduling.domain.employees import RULES, Employment


def make_actions(pause: timedelta) -> Actions[Employment]:
    """What can be done with employees: what can be done with all records.

    Args:
        pause: After which an unanswered wish is sent again.
    """
    return Actions(RULES, pause)

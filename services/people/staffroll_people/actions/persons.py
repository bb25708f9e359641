"""Creating, reading, listing, editing and discarding persons."""

from __future__ import annotations

from datetime import timedelta

from staffroll.following import Actions
from staffroll_people.domain.persons import RULES, Profile


def make_actions(pause: timedelta) -> Actions[Profile]:
    """What can be done with persons: what can be done with all records.

    Args:
        pause: After which an unanswered wish is sent again.
    """
    return Actions(RULES, pause)

"""Scheduling whose database was put back to an earlier time (see `staffroll.following.restoring`)."""

from __future__ import annotations

from datetime import datetime

from staffroll_scheduling.domain import membership_changes as rules
from staffroll_scheduling.domain.employees import Employee, Employment, is_kept_as_last_admin
from staffroll_scheduling.domain.turning import settled


def mended(employee: Employee, now: datetime) -> Employment:
    """The employment as accounts knows it: whoever left or came back meanwhile has left or is
    back, as of today. The days themselves, and dates to come that were set meanwhile, are lost.

    Whoever stays active as the last admin may do so (R16).
    """
    user = employee.followed.user
    if employee.followed.state != "confirmed" or is_kept_as_last_admin(employee):
        return employee.own
    own, _ = settled(employee.own, user.time_zone, now)
    return rules.follow(own, user.time_zone, now, active=user.is_active).own

"""Deactivated and reactivated, as scheduling tells of staff memberships (R50-R52). Pure.

Scheduling owns memberships: who wants somebody out, or back, here asks it by a wish.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Final

from staffroll.audit import noted
from staffroll.events import Cause, EmployeeState, Event, MembershipChangeWish
from staffroll_accounts.domain.sessions import end_all
from staffroll_accounts.domain.users import Decision, MembershipWish, Scheduled, User, told

_LONGEST_PAUSE: Final = timedelta(minutes=10)


def wish(user: User, *, active: bool, cause: Cause, pause: timedelta) -> Decision:
    """The user whose staff membership is wished to end today, or to run from today on; nothing
    where it is so, or wished already.

    Who is to leave may not be here from now on, whenever scheduling answers: all sessions and
    tokens end, told as ``user.sessions-revoked``.

    Args:
        pause: After which the wish is sent again unless answered.
    Source: R50, R52.
    """
    if user.is_to_be_active == active:
        return Decision(user)
    # After accounts was put back to an earlier time, scheduling has answered more than is known.
    last = user.membership_wish.number if user.membership_wish else 0
    number = max(last, user.scheduled.answered_wish) + 1
    wished = MembershipWish(number, active, cause.actor, cause.now, cause.now + pause)
    before = user if active else end_all(user)
    waiting = replace(before, version=user.version + 1, membership_wish=wished)
    kind = "user.updated" if active else "user.sessions-revoked"
    return Decision(
        waiting,
        (told(waiting, kind, (), cause), _request(waiting, wished, cause)),
        audit=(noted(cause, "membership.change-requested", user.id, ["status"]),),
    )


def wish_again(user: User, cause: Cause) -> Decision:
    """The user whose wish is sent once more, where that is due; the pause doubles."""
    wished = user.membership_wish
    if wished is None or wished.resend_at is None or wished.resend_at > cause.now:
        return Decision(user)
    pause = min(2 * (wished.resend_at - wished.sent_at), _LONGEST_PAUSE)
    waiting = replace(wished, sent_at=cause.now, resend_at=cause.now + pause)
    return Decision(replace(user, membership_wish=waiting), (_request(user, waiting, cause),))


def hear(user: User, sequence: int, employee: EmployeeState, cause: Cause) -> User | None:
    """The user with what scheduling told in its version `sequence`; None where that is old news.

    A deleted employee says nothing about the user, whom accounts itself has deleted.
    """
    if user.status == "deleted" or employee.status == "deleted":
        return None
    if user.scheduled.seen >= sequence:
        return None
    heard = Scheduled(
        sequence,
        employee.status == "employed",
        employee.future_shifts,
        cause.now,
        employee.answered_wish,
    )
    wished = user.membership_wish
    if wished is not None and wished.number <= employee.answered_wish:
        wished = replace(wished, resend_at=None)
    return replace(user, scheduled=heard, membership_wish=wished)


def is_leaving(user: User) -> bool:
    """Whether the user is active though their staff membership has ended."""
    return user.status == "active" and user.scheduled.is_employed is False


def is_returning(user: User) -> bool:
    """Whether the user is deactivated though a staff membership is running."""
    return user.status == "deactivated" and user.scheduled.is_employed is True


def deactivate(user: User, cause: Cause) -> Decision:
    """The user who may not sign in, told as ``user.deactivated``.

    All sessions and tokens end, and a link that would set a password is void. Source: R51.
    """
    ended = end_all(user)
    gone = replace(
        ended,
        version=user.version + 1,
        status="deactivated",
        security=replace(ended.security, reset=None),
    )
    return Decision(
        gone,
        (told(gone, "user.deactivated", ["status"], cause),),
        audit=(noted(cause, "user.deactivated", user.id, ["status"]),),
    )


def reactivate(user: User, cause: Cause) -> Decision:
    """The user who may sign in again, told as ``user.reactivated``.

    Password, roles and second factor are as they were; failed sign-ins count no more, and a
    lock is gone. Source: R52.
    """
    changed = ["locked", "status"] if user.locked else ["status"]
    back = replace(
        user,
        version=user.version + 1,
        status="active",
        security=replace(user.security, failed_sign_ins=0, locked_at=None),
    )
    return Decision(
        back,
        (told(back, "user.reactivated", changed, cause),),
        audit=(noted(cause, "user.reactivated", user.id, changed),),
    )


def _request(user: User, wished: MembershipWish, cause: Cause) -> Event:
    cause = replace(cause, actor=wished.actor)
    payload = MembershipChangeWish(active=wished.active)
    return cause.event("membership.change-requested", user.id, wished.number, payload)

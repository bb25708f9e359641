"""Deactivated and reactivated, as scheduling tells of staff memberships (R50-R52). Pure."""

from __future__ import annotations

from dataclasses import replace

from staffroll.audit import noted
from staffroll.events import Cause, EmployeeState
from staffroll_accounts.domain.sessions import end_all
from staffroll_accounts.domain.users import Decision, Scheduled, User, told


def hear(user: User, sequence: int, employee: EmployeeState, cause: Cause) -> User | None:
    """The user with what scheduling told in its version `sequence`; None where that is old news.

    A deleted employee says nothing about the user, whom accounts itself has deleted.
    """
    if user.status == "deleted" or employee.status == "deleted":
        return None
    if user.scheduled.seen >= sequence:
        return None
    heard = Scheduled(sequence, employee.status == "employed", employee.future_shifts, cause.now)
    return replace(user, scheduled=heard)


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

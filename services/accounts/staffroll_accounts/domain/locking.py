"""Locked after the third failed sign-in in a row, and unlocked (R20, R21). Pure."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from staffroll.audit import noted
from staffroll.events import Cause
from staffroll_accounts.domain.sessions import end_all
from staffroll_accounts.domain.users import Decision, User, mail_to, told

LOCKED_AT_FAILURE: Final = 3


def fail(user: User, cause: Cause) -> Decision:
    """The user after a wrong password or second factor.

    The third in a row locks: sessions end, the owner gets a mail, ``user.locked`` is told. What
    is locked already stays as it is, and so does who cannot sign in anyway.
    """
    if user.locked or user.status != "active":
        return Decision(user)
    failures = user.security.failed_sign_ins + 1
    failed = replace(user, security=replace(user.security, failed_sign_ins=failures))
    note = noted(cause, "sign-in.failed", user.id)
    if failures < LOCKED_AT_FAILURE:
        return Decision(failed, audit=(note,))
    ended = end_all(failed)
    locked = replace(
        ended, version=user.version + 1, security=replace(ended.security, locked_at=cause.now)
    )
    return Decision(
        locked,
        (told(locked, "user.locked", ["locked"], cause),),
        mails=(mail_to(user, "account-locked"),),
        audit=(note, noted(cause, "user.locked", user.id, ["locked"])),
    )


def succeed(user: User, cause: Cause) -> Decision:
    """The user who signed in: the failures before count no more.

    Where there were none, the user stays as they are, and their session tells of it.
    """
    security = replace(user.security, failed_sign_ins=0)
    return Decision(
        replace(user, security=security), audit=(noted(cause, "sign-in.succeeded", user.id),)
    )


def unlock(user: User, cause: Cause) -> Decision:
    """The user without lock, told as ``user.unlocked``; the failures count no more (R21)."""
    security = replace(user.security, failed_sign_ins=0, locked_at=None)
    if not user.locked:
        return Decision(replace(user, security=security))
    unlocked = replace(user, version=user.version + 1, security=security)
    return Decision(
        unlocked,
        (told(unlocked, "user.unlocked", ["locked"], cause),),
        audit=(noted(cause, "user.unlocked", user.id, ["locked"]),),
    )

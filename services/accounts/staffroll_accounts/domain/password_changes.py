"""Passwords set, changed, and set by a link that was sent by e-mail (R31, R32). Pure."""

from __future__ import annotations

import hmac
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Final

from staffroll.audit import noted
from staffroll.events import Cause, Event
from staffroll_accounts.domain.errors import ResetTokenInvalid
from staffroll_accounts.domain.reset_tokens import ResetToken
from staffroll_accounts.domain.security import PasswordReset, ResetPurpose
from staffroll_accounts.domain.sessions import end_all
from staffroll_accounts.domain.users import Decision, User, mail_to, told

GOOD_FOR: Final[dict[ResetPurpose, timedelta]] = {
    "reset": timedelta(hours=1),
    "invitation": timedelta(days=7),
}
_TEMPLATES: Final[dict[ResetPurpose, str]] = {
    "reset": "password-reset",
    "invitation": "invitation",
}
_ACTIONS: Final[dict[ResetPurpose, str]] = {
    "reset": "password.reset-requested",
    "invitation": "user.invited",
}


@dataclass(frozen=True, slots=True)
class NewPassword:
    """A password that was found to be good.

    Attributes:
        remembered: How many hashes of earlier passwords are kept beside it.
    """

    hash: str = field(repr=False)
    remembered: int = 0


def set_by_admin(user: User, new: NewPassword, cause: Cause, *, must_change: bool) -> Decision:
    """The user with a password that somebody else chose; all sessions end, no mail says so.

    Source: R31.
    """
    changed = _with_password(user, new, cause, must_change=must_change)
    return _sessions_ended(changed, "password.set", cause)


def change_own(user: User, new: NewPassword, cause: Cause) -> Decision:
    """The user with a new password of their own; sessions end, and a mail says so."""
    changed = _with_password(user, new, cause, must_change=False)
    decision = _sessions_ended(changed, "password.changed", cause)
    return replace(decision, mails=(mail_to(user, "password-changed"),))


def send_link(user: User, token: ResetToken, purpose: ResetPurpose, cause: Cause) -> Decision:
    """The user to whom a link is mailed with which to set a password; it voids older ones.

    Nothing is told: a link changes nothing that others know of.
    """
    reset = PasswordReset(
        hash=token.hash, purpose=purpose, expires_at=cause.now + GOOD_FOR[purpose]
    )
    return Decision(
        replace(user, security=replace(user.security, reset=reset)),
        mails=(mail_to(user, _TEMPLATES[purpose], token=token.text),),
        audit=(noted(cause, _ACTIONS[purpose], user.id),),
    )


def with_invitation(created: Decision, token: ResetToken, cause: Cause) -> Decision:
    """The decision to create a user, who is mailed a link at once."""
    invited = send_link(created.user, token, "invitation", cause)
    return replace(
        created, user=invited.user, mails=invited.mails, audit=(*created.audit, *invited.audit)
    )


def check_link(user: User | None, token: ResetToken, cause: Cause) -> User:
    """The user whose link this is.

    Raises:
        ResetTokenInvalid: For whatever reason; who tries tokens does not learn which.
    """
    reset = user.security.reset if user else None
    is_theirs = hmac.compare_digest(reset.hash if reset else _NO_HASH, token.hash)
    if user is None or reset is None or not is_theirs or cause.now >= reset.expires_at:
        raise ResetTokenInvalid
    # Who was invited may choose a password before the first day, but sign in only then.
    if user.status == "deleted" or (reset.purpose == "reset" and not user.may_sign_in):
        raise ResetTokenInvalid
    return user


def use_link(user: User, new: NewPassword, cause: Cause) -> Decision:
    """The user with a password set by the link, which is used up; the lock is lifted.

    Whoever has the link has the mailbox, so it lifts the lock as well (R21). Sessions end.
    """
    changed = _with_password(user, new, cause, must_change=False)
    security = replace(changed.security, failed_sign_ins=0, locked_at=None)
    decision = _sessions_ended(
        replace(changed, security=security),
        "password.reset",
        cause,
        also=("user.unlocked",) if user.locked else (),
    )
    return replace(decision, mails=(mail_to(user, "password-changed"),))


_CHANGED: Final = {"user.unlocked": ("locked",)}
_NO_HASH: Final = "0" * 64


def _with_password(user: User, new: NewPassword, cause: Cause, *, must_change: bool) -> User:
    old = user.security
    earlier = (old.password_hash, *old.old_passwords) if old.password_hash else ()
    security = replace(
        old,
        password_hash=new.hash,
        old_passwords=earlier[: new.remembered],
        password_changed_at=cause.now,
        must_change_password=must_change,
        reset=None,
    )
    return replace(user, security=security)


def _sessions_ended(
    user: User, action: str, cause: Cause, *, also: tuple[str, ...] = ()
) -> Decision:
    ended = end_all(user)
    events: list[Event] = []
    for kind in ("user.sessions-revoked", *also):
        # Each is a version of its own, so that who counts versions misses none.
        ended = replace(ended, version=ended.version + 1)
        events.append(told(ended, kind, _CHANGED.get(kind, ()), cause))
    return Decision(ended, tuple(events), audit=(noted(cause, action, user.id),))

"""Sessions: where somebody is signed in, and the refresh tokens that keep them so. Pure.

A session is running while it has not ended, not expired, and began in the user's present
epoch. So one write to the user ends all sessions at once; a single one ends by itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final, Literal

from staffroll.audit import noted
from staffroll.events import Cause
from staffroll_accounts.domain.users import Decision, User, told

USER_AGENT_MAX_CHARACTERS: Final = 200

PARALLEL_FOR: Final = timedelta(seconds=10)
"""How long the refresh token before the newest is good for the same successor."""

CHANGE_PASSWORD: Final = "me.password:edit"  # noqa: S105 (a permission)
SET_UP_TWO_FACTOR: Final = "me.two-factor:edit"

Judgement = Literal["newest", "previous", "reused"]


@dataclass(frozen=True, slots=True)
class Lifetime:
    """How long a session is good: without being used, and in all."""

    idle: timedelta
    longest: timedelta


@dataclass(frozen=True, slots=True)
class Session:
    """One place where a user is signed in.

    Attributes:
        epoch: The user's when it began; smaller than the present one: it has ended.
        counter: Of the newest refresh token.
        rotated_at: When that one was given out.
        authenticated_at: When password or code was entered last.
        first: What must be done before anything else, as pseudo-permissions.
        user_agent: Shortened.
    """

    id: str
    user_id: str
    epoch: int
    counter: int
    created_at: datetime
    rotated_at: datetime
    authenticated_at: datetime
    last_used_at: datetime
    expires_at: datetime
    first: tuple[str, ...] = ()
    address: str | None = None
    user_agent: str = ""
    ended_at: datetime | None = None


def begin(
    id_: str,
    user: User,
    now: datetime,
    lifetime: Lifetime,
    *,
    must_set_up: bool,
    address: str | None,
    user_agent: str,
) -> Session:
    """A session of somebody who signed in just now.

    Args:
        must_set_up: A second factor is enforced and there is none yet (R41).
    """
    first = [CHANGE_PASSWORD] if user.security.must_change_password else []
    first += [SET_UP_TWO_FACTOR] if must_set_up else []
    return Session(
        id=id_,
        user_id=user.id,
        epoch=user.security.session_epoch,
        counter=1,
        created_at=now,
        rotated_at=now,
        authenticated_at=now,
        last_used_at=now,
        expires_at=now + min(lifetime.idle, lifetime.longest),
        first=tuple(first),
        address=address,
        user_agent=user_agent[:USER_AGENT_MAX_CHARACTERS],
    )


def is_running(session: Session, user: User, now: datetime) -> bool:
    """Whether the user is still signed in there."""
    return (
        user.id == session.user_id
        and user.status == "active"
        and not user.locked
        and session.ended_at is None
        and session.epoch >= user.security.session_epoch
        and now < session.expires_at
    )


def narrowed_to(session: Session, user: User) -> frozenset[str] | None:
    """What is still to be done first; None where nothing is."""
    open_ = {
        CHANGE_PASSWORD: user.security.must_change_password,
        SET_UP_TWO_FACTOR: user.security.two_factor is None,
    }
    left = frozenset(name for name in session.first if open_[name])
    return left or None


def judge(session: Session, counter: int, now: datetime) -> Judgement:
    """What a genuine refresh token with this counter means.

    The one before the newest is good for a moment longer: two tabs may refresh at once, and
    an answer may get lost. Anything older was used before, so somebody else has it.
    """
    if counter == session.counter:
        return "newest"
    is_just_before = counter == session.counter - 1
    return "previous" if is_just_before and now - session.rotated_at <= PARALLEL_FOR else "reused"


def rotate(session: Session, now: datetime, lifetime: Lifetime, address: str | None) -> Session:
    """The session after its newest refresh token was used."""
    return replace(
        session,
        counter=session.counter + 1,
        rotated_at=now,
        last_used_at=now,
        expires_at=min(now + lifetime.idle, session.created_at + lifetime.longest),
        address=address,
    )


def revoke(
    user: User, cause: Cause, action: str, *, all_of_them: bool = False, changed: Sequence[str] = ()
) -> Decision:
    """Access tokens given out so far are void everywhere, told as ``user.sessions-revoked``.

    Args:
        action: For the audit trail.
        all_of_them: All sessions end; otherwise they go on and fetch a new access token.
    """
    ended = replace(end_all(user) if all_of_them else void_tokens(user), version=user.version + 1)
    return Decision(
        ended,
        (told(ended, "user.sessions-revoked", changed, cause),),
        audit=(noted(cause, action, user.id, changed),),
    )


def void_tokens(user: User) -> User:
    """The user with no valid access token; an event must tell of it."""
    return replace(user, token_generation=user.token_generation + 1)


def end_all(user: User) -> User:
    """The user without sessions and tokens; an event must tell of it."""
    security = replace(user.security, session_epoch=user.security.session_epoch + 1)
    return replace(void_tokens(user), security=security)

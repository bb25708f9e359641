"""Sessions: begun, refreshed, shown, ended; and the one place where their tokens are issued."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final

from staffroll.audit import AuditEntry
from staffroll.errors import NotFound, Unavailable
from staffroll.ids import new_id
from staffroll.scope import Actor
from staffroll_accounts.actions import AccountsScope
from staffroll_accounts.actions.changing import change
from staffroll_accounts.domain import sessions as rules
from staffroll_accounts.domain.errors import RefreshTokenInvalid, RefreshTokenReused
from staffroll_accounts.domain.roles import Role, permissions_of
from staffroll_accounts.domain.sessions import Session
from staffroll_accounts.domain.users import SOURCE, Decision, User
from staffroll_accounts.refresh_tokens import RefreshClaim
from staffroll_accounts.tokens import Tokens

_TRIES: Final = 10
_RECENT: Final = 5


@dataclass(frozen=True, slots=True)
class SignedIn:
    """What whoever signed in may use.

    Attributes:
        expires_in: Seconds.
        refresh_token: None where there is no session, as with a personal access token.
    """

    access_token: str = field(repr=False)
    expires_in: int
    token_type: str = "Bearer"  # noqa: S105 (the kind of token, not one)
    refresh_token: str | None = field(default=None, repr=False)
    session_id: str | None = None


@dataclass(frozen=True, slots=True)
class ShownSession:
    """One of the actor's sessions."""

    session: Session
    is_current: bool


@dataclass(frozen=True, slots=True)
class Recent:
    """Some sessions of a user, those used last first.

    Attributes:
        running: Ids of all that have not ended.
    """

    sessions: list[Session]
    running: frozenset[str]


def begin(
    user: User,
    scope: AccountsScope,
    tokens: Tokens,
    *,
    must_set_up: bool,
    user_agent: str,
    roles: Sequence[Role] | None = None,
    audit: Sequence[AuditEntry] = (),
) -> SignedIn:
    """A new session of somebody who proved who they are; its id is never the client's choice.

    Args:
        roles: The user's, where they were read already.
        audit: What tells of the beginning and stands nowhere else yet.
    """
    session = rules.begin(
        new_id(),
        user,
        scope.now,
        tokens.lifetime,
        must_set_up=must_set_up,
        address=scope.address,
        user_agent=user_agent,
    )
    scope.store.sessions.insert(session, audit)
    return issue_for(user, session, scope, tokens, roles)


def issue_for(
    user: User,
    session: Session,
    scope: AccountsScope,
    tokens: Tokens,
    roles: Sequence[Role] | None = None,
) -> SignedIn:
    """An access token with what the user may now, and the session's newest refresh token.

    Args:
        roles: The user's, where they were read already.
    """
    narrowed_to = rules.narrowed_to(session, user)
    if roles is None:
        roles = scope.store.roles.some(user.roles) if narrowed_to is None else ()
    given = roles if narrowed_to is None else ()
    access_token = tokens.issuer.issue(
        subject=user.id,
        tenant_id=scope.tenant_id,
        is_admin=user.is_admin and narrowed_to is None,
        permissions=permissions_of(given),
        generation=user.token_generation,
        narrowed_to=narrowed_to,
        session_id=session.id,
        authenticated_at=session.authenticated_at,
    )
    return SignedIn(
        access_token=access_token,
        expires_in=tokens.issuer.good_for_seconds,
        refresh_token=tokens.refresh.sign(scope.tenant_id, session.id, session.counter),
        session_id=session.id,
    )


def refresh(claim: RefreshClaim, scope: AccountsScope, tokens: Tokens) -> SignedIn:
    """New tokens of a session, by its newest refresh token, or for 10 s by the one before it.

    Status, lock, epoch and generation are the user's own, as of now.

    Raises:
        RefreshTokenInvalid: The session has ended, whyever.
        RefreshTokenReused: An older token came again; the session has ended now.
        Unavailable: Too many refresh it at this very moment.
    """
    for _ in range(_TRIES):
        session, user = _running(claim.session_id, scope)
        match rules.judge(session, claim.counter, scope.now):
            case "previous" if scope.store.sessions.is_open(session.id):
                # Asked after the user was read: so a token of a session that ends right now
                # is of the generation that its end makes void.
                return issue_for(user, session, scope, tokens)
            case "reused":
                _end(session, scope, "session.reuse-detected")
                raise RefreshTokenReused
            case "newest":
                rotated = rules.rotate(session, scope.now, tokens.lifetime, scope.address)
                if scope.store.sessions.rotate(rotated):
                    return issue_for(user, rotated, scope, tokens)
    raise Unavailable


def find_own(scope: AccountsScope) -> list[ShownSession]:
    """Where the actor is signed in, newest use first.

    Raises:
        NotFound: There is no such user.
    """
    user = scope.store.users.get(scope.actor.id)
    found = scope.store.sessions.of_user(user.id, user.security.session_epoch, scope.now)
    return [ShownSession(one, one.id == scope.actor.session_id) for one in found]


def sign_out(scope: AccountsScope) -> None:
    """The actor's own session has ended; nothing happens where the token belongs to none."""
    session = _own(scope.actor.session_id, scope)
    if session is not None:
        _end(session, scope, "session.signed-out")


def sign_out_of(claim: RefreshClaim, scope: AccountsScope) -> None:
    """The session of a refresh token has ended; by whoever has it, which is as good as being in it."""
    session = scope.store.sessions.find(claim.session_id)
    if session is not None:
        _end(session, replace(scope, actor=Actor(session.user_id)), "session.signed-out")


def recent_of(user: User, scope: AccountsScope) -> Recent:
    """Where a user signed in lately."""
    running = scope.store.sessions.of_user(user.id, user.security.session_epoch, scope.now)
    return Recent(scope.store.sessions.recent(user.id, _RECENT), frozenset(s.id for s in running))


def last_sign_ins(user_ids: Sequence[str], scope: AccountsScope) -> dict[str, datetime]:
    """When these users signed in last, by id, as far as sessions tell that are still kept."""
    return scope.store.sessions.newest(user_ids)


def end_own(session_id: str, scope: AccountsScope) -> None:
    """One of the actor's sessions has ended; saying it again does no harm.

    Raises:
        NotFound: The actor has no such session.
    """
    session = _own(session_id, scope)
    if session is None:
        raise NotFound
    _end(session, scope, "session.ended")


def end_all_own(scope: AccountsScope, *, but_this: bool) -> None:
    """All sessions of the actor have ended, or all but the one in which they ask.

    Raises:
        NotFound, Unavailable.
    """
    cause = scope.cause(SOURCE)
    user = change(
        scope.actor.id,
        scope,
        lambda user: rules.revoke(user, cause, "sessions.ended", all_of_them=True),
    )
    session = _own(scope.actor.session_id, scope) if but_this else None
    if session is not None:
        # Only now: moved before, it would outlive an end of all that came in between.
        scope.store.sessions.move(session.id, user.security.session_epoch)


def end_all_of(user_id: str, scope: AccountsScope, check: Callable[[User], None]) -> None:
    """All sessions of a user have ended.

    Args:
        check: Raises where the actor may not act for the user.
    Raises:
        NotFound, Unavailable, and what `check` raises.
    """
    cause = scope.cause(SOURCE)

    def decide(user: User) -> Decision:
        check(user)
        return rules.revoke(user, cause, "sessions.ended", all_of_them=True)

    change(user_id, scope, decide)


def finish_ending(session_id: str, user_id: str, action: str, scope: AccountsScope) -> None:
    """No access token of a session that has ended is good any more; doing it again does no harm.

    Args:
        action: For the audit trail.
    Raises:
        Unavailable.
    """
    cause = scope.cause(SOURCE)
    # Where there is no such user any more, nothing is left to be done.
    with suppress(NotFound):
        change(user_id, scope, lambda user: rules.revoke(user, cause, action))
    scope.store.sessions.settle(session_id)


def _running(session_id: str, scope: AccountsScope) -> tuple[Session, User]:
    tenant = scope.store.tenants.find()
    session = scope.store.sessions.find(session_id)
    user = scope.store.users.find(session.user_id) if session else None
    is_open = tenant is not None and tenant.status == "active"
    if session is None or user is None or not is_open:
        raise RefreshTokenInvalid
    if not rules.is_running(session, user, scope.now):
        raise RefreshTokenInvalid
    return session, user


def _own(session_id: str | None, scope: AccountsScope) -> Session | None:
    session = scope.store.sessions.find(session_id) if session_id else None
    return session if session and session.user_id == scope.actor.id else None


def _end(session: Session, scope: AccountsScope, action: str) -> None:
    # The session first: should we be killed in between, nobody can refresh it, and a chore
    # does the rest.
    scope.store.sessions.end(session.id, action, scope.now)
    finish_ending(session.id, session.user_id, action, scope)

"""Sessions: where one is signed in, ending them, and unlocking accounts."""

from __future__ import annotations

from typing import Any

from marshmallow import Schema, ValidationError, fields, validates_schema

from staffroll.errors import NotFound, OutboxFull, TooMany
from staffroll.web.fields import Instant
from staffroll.web.guard import ANY_NARROWED
from staffroll.web.resource import Resource
from staffroll_accounts.actions import AccountsScope, locking
from staffroll_accounts.actions import sessions as actions
from staffroll_accounts.actions import step_up as stepping_up
from staffroll_accounts.actions.limits import Limiter
from staffroll_accounts.actions.passwords import check_may_act_for
from staffroll_accounts.actions.sessions import ShownSession, SignedIn
from staffroll_accounts.api.sign_in import SignedInSchema, one_time_code, password_said
from staffroll_accounts.api.users import UserSchema
from staffroll_accounts.domain.errors import (
    AccountNotYours,
    CurrentPasswordWrong,
    NoSession,
    TooBusy,
    TwoFactorCodeWrong,
)
from staffroll_accounts.domain.users import User
from staffroll_accounts.passwords import Passwords
from staffroll_accounts.tokens import Tokens


class SessionSchema(Schema):
    """A place where one is signed in."""

    id = fields.UUID(required=True, attribute="session.id")
    created_at = Instant(required=True, attribute="session.created_at")
    last_used_at = Instant(required=True, attribute="session.last_used_at")
    expires_at = Instant(
        required=True,
        attribute="session.expires_at",
        metadata={"description": "Unless it is used before."},
    )
    address = fields.String(required=True, allow_none=True, attribute="session.address")
    user_agent = fields.String(required=True, attribute="session.user_agent")
    is_current = fields.Boolean(required=True)


class SessionsSchema(Schema):
    """One's sessions, the one used last first; at most 100."""

    items = fields.List(fields.Nested(SessionSchema), required=True)


class EndingQuerySchema(Schema):
    """Which of one's sessions end."""

    but_this = fields.Boolean(
        load_default=False, metadata={"description": "All but the one in which one asks."}
    )


class StepUpSchema(Schema):
    """Password, second factor, or both."""

    password = password_said()
    otp = one_time_code()

    @validates_schema
    def _not_empty(self, data: dict[str, Any], **_: object) -> None:
        if not data:
            raise ValidationError("Give the password or a code.", "password")


def sessions(passwords: Passwords, tokens: Tokens, limiter: Limiter) -> Resource:
    """The routes of sessions."""
    bp = Resource("sessions", __name__, description="Sessions, and locked accounts.")

    @bp.post("/sign-out")
    @bp.needs_sign_in(narrowed_ok=ANY_NARROWED)
    @bp.answers(None, 204, refuses=[OutboxFull, NotFound])
    def sign_out(scope: AccountsScope) -> None:
        """End the session that the token belongs to; it is void everywhere."""
        actions.sign_out(scope)

    @bp.post("/me/step-up")
    @bp.needs_sign_in()
    @bp.accepts(StepUpSchema)
    @bp.answers(
        SignedInSchema,
        refuses=[
            CurrentPasswordWrong, TwoFactorCodeWrong, NoSession, NotFound, TooMany, TooBusy,
            OutboxFull,
        ],
    )  # fmt: skip
    def step_up(given: dict[str, Any], scope: AccountsScope) -> SignedIn:
        """Enter the password or a code again, and be trusted with dangerous acts for ten
        minutes."""
        return stepping_up.step_up(
            given.get("password"), given.get("otp"), scope, passwords, tokens, limiter
        )

    @bp.get("/me/sessions")
    @bp.needs_sign_in()
    @bp.answers(SessionsSchema, refuses=[NotFound])
    def list_sessions(scope: AccountsScope) -> dict[str, list[ShownSession]]:
        """List where one is signed in."""
        return {"items": actions.find_own(scope)}

    @bp.delete("/me/sessions")
    @bp.needs_sign_in()
    @bp.asks(EndingQuerySchema)
    @bp.answers(None, 204, refuses=[NotFound, OutboxFull])
    def end_sessions(query: dict[str, Any], scope: AccountsScope) -> None:
        """End all of one's sessions, or all others; their tokens are void everywhere."""
        actions.end_all_own(scope, but_this=query["but_this"])

    @bp.delete("/me/sessions/<id:session_id>")
    @bp.needs_sign_in()
    @bp.answers(None, 204, refuses=[NotFound, OutboxFull])
    def end_session(session_id: str, scope: AccountsScope) -> None:
        """End one of one's sessions; the others fetch a new access token."""
        actions.end_own(session_id, scope)

    @bp.delete("/users/<id:user_id>/sessions")
    @bp.needs("accounts.users:edit")
    @bp.answers(None, 204, refuses=[NotFound, AccountNotYours, OutboxFull])
    def end_sessions_of(user_id: str, scope: AccountsScope) -> None:
        """End all sessions of a user; their tokens are void everywhere."""
        actions.end_all_of(user_id, scope, lambda user: check_may_act_for(user, scope))

    @bp.post("/users/<id:user_id>/unlock")
    @bp.needs("accounts.users:edit")
    @bp.answers(UserSchema, refuses=[NotFound, AccountNotYours, OutboxFull], with_etag=True)
    def unlock(user_id: str, scope: AccountsScope) -> User:
        """Let somebody sign in again whose account failed sign-ins have locked."""
        return locking.unlock(user_id, scope, lambda user: check_may_act_for(user, scope))

    return bp

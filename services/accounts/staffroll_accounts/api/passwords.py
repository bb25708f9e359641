"""Passwords: one's own, another's, and forgotten ones."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from marshmallow import Schema, fields, validate

from staffroll.errors import NotFound, OutboxFull, TooMany
from staffroll.ids import TENANT_PATTERN
from staffroll.web import guard
from staffroll.web.fields import EmailAddress, Flag
from staffroll.web.resource import Resource
from staffroll_accounts.actions import AccountsScope
from staffroll_accounts.actions import passwords as actions
from staffroll_accounts.actions.house_rules import HouseRules
from staffroll_accounts.actions.limits import Limiter
from staffroll_accounts.domain import passwords as rules
from staffroll_accounts.domain import reset_tokens
from staffroll_accounts.domain.errors import (
    AccountNotYours,
    CurrentPasswordWrong,
    OwnPasswordElsewhere,
    PasswordRefused,
    ResetTokenInvalid,
)
from staffroll_accounts.domain.sessions import CHANGE_PASSWORD
from staffroll_accounts.passwords import Passwords

PASSWORD_FORM_MAX_CHARACTERS: Final = 4 * rules.MAX_CHARACTERS
"""In whatever Unicode form it is typed: composed, what is longer has more than is allowed."""


class Password(fields.String):
    """A password in any Unicode form; how good it must be the tenant's policy says."""

    def __init__(self, description: str = "", **kwargs: Any) -> None:
        super().__init__(
            load_only=True,
            validate=validate.Length(min=1, max=PASSWORD_FORM_MAX_CHARACTERS),
            metadata={"format": "password", "description": description},
            **kwargs,
        )


class PasswordSchema(Schema):
    """A new password."""

    password = Password(required=True)


class SetPasswordSchema(PasswordSchema):
    """A password that is set for somebody."""

    must_change = Flag(
        metadata={"description": "It must be changed at the next sign-in."},
    )


class OwnPasswordSchema(PasswordSchema):
    """A new password of one's own."""

    current_password = Password(required=True)


class ResetRequestSchema(Schema):
    """Who forgot their password."""

    tenant = fields.String(required=True, validate=validate.Regexp(TENANT_PATTERN))
    email = EmailAddress(required=True)


class PolicySchema(Schema):
    """What the tenant asks of passwords."""

    min_characters = fields.Integer(required=True)
    max_characters = fields.Integer(required=True)
    sentences = fields.List(fields.String(), required=True)


def passwords(
    anonymous: Callable[[str], AccountsScope],
    hasher: Passwords,
    limiter: Limiter,
) -> Resource:
    """The routes of passwords.

    Args:
        anonymous: The scope of a tenant for somebody who is not signed in.
    """
    bp = Resource("passwords", __name__, description="Passwords, invitations and resets.")

    @bp.get("/password-policy")
    @bp.needs_sign_in(narrowed_ok=guard.ANY_NARROWED)
    @bp.answers(PolicySchema, refuses=[NotFound])
    def get_policy(scope: AccountsScope) -> dict[str, Any]:
        """Read what passwords must be."""
        house_rules = HouseRules(scope)
        return {
            "min_characters": house_rules.policy.min_characters,
            "max_characters": rules.MAX_CHARACTERS,
            "sentences": house_rules.describe_passwords(),
        }

    @bp.put("/users/<id:user_id>/password")
    @bp.needs("accounts.users:edit", fresh=True)
    @bp.accepts(SetPasswordSchema)
    @bp.answers(
        None,
        204,
        refuses=[NotFound, AccountNotYours, OwnPasswordElsewhere, PasswordRefused, OutboxFull],
    )
    def set_password(body: dict[str, Any], user_id: str, scope: AccountsScope) -> None:
        """Set a user's password, without a mail to them; their sessions end."""
        must_change = body.get("must_change", False)
        actions.set_for(user_id, body["password"], scope, hasher, must_change=must_change)

    @bp.post("/users/<id:user_id>/invitations")
    @bp.needs("accounts.users:edit")
    @bp.answers(None, 202, refuses=[NotFound, AccountNotYours])
    def invite(user_id: str, scope: AccountsScope) -> None:
        """Mail a link to a user with which they set their password, good for seven days."""
        actions.invite(user_id, scope)

    @bp.put("/me/password")
    @bp.needs_sign_in(narrowed_ok=CHANGE_PASSWORD)
    @bp.accepts(OwnPasswordSchema)
    @bp.answers(
        None,
        204,
        refuses=[CurrentPasswordWrong, PasswordRefused, TooMany, OutboxFull, NotFound],
    )
    def change_password(body: dict[str, Any], scope: AccountsScope) -> None:
        """Change one's own password; the other sessions end."""
        actions.change_own(body["current_password"], body["password"], scope, hasher, limiter)

    @bp.post("/password-resets")
    @bp.is_public()
    @bp.accepts(ResetRequestSchema)
    @bp.answers(None, 202, refuses=[TooMany])
    def request_reset(body: dict[str, Any]) -> None:
        """Ask for a link to set a new password; the answer is the same for everybody."""
        scope = anonymous(body["tenant"])
        actions.request_reset(body["email"], scope, limiter)

    @bp.put("/password-resets/<token>")
    @bp.is_public()
    @bp.accepts(PasswordSchema)
    @bp.answers(None, 204, refuses=[ResetTokenInvalid, PasswordRefused, TooMany, OutboxFull])
    def use_link(body: dict[str, Any], token: str) -> None:
        """Set a password by the link that was mailed; sessions end, a lock is lifted."""
        known = reset_tokens.read(token)
        scope = anonymous(known.tenant_id)
        actions.use_link(known, body["password"], scope, hasher, limiter)

    return bp

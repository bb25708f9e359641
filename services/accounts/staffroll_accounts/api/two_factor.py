"""``/v1/me/two-factor`` and ``/v1/users/{id}/two-factor``: the second factor (R40, R41)."""

from __future__ import annotations

from typing import Any

from marshmallow import Schema, fields, validate

from staffroll.errors import NotFound, OutboxFull, TooMany
from staffroll.web.fields import Flag
from staffroll.web.resource import Resource
from staffroll_accounts.actions import AccountsScope
from staffroll_accounts.actions import two_factor as actions
from staffroll_accounts.actions.limits import Limiter
from staffroll_accounts.actions.two_factor import NewCodes, Overview, SetUp
from staffroll_accounts.api.passwords import Password
from staffroll_accounts.domain.errors import (
    AccountNotYours,
    CurrentPasswordWrong,
    TwoFactorCodeWrong,
    TwoFactorEnforced,
    TwoFactorNotBegun,
    TwoFactorOff,
)
from staffroll_accounts.domain.sessions import SET_UP_TWO_FACTOR
from staffroll_accounts.passwords import Passwords


class PasswordAgainSchema(Schema):
    """The password, said once more."""

    password = Password(required=True)


class CodeSchema(Schema):
    """A code that the authenticator app shows."""

    code = fields.String(
        required=True,
        load_only=True,
        validate=validate.Regexp(r"^[0-9]{3} ?[0-9]{3}$(?!\n)"),
        metadata={"example": "123456"},
    )


class EnforcementSchema(Schema):
    """Whether a second factor is enforced."""

    enforced = Flag(required=True)


class SetUpSchema(Schema):
    """What an authenticator app is told; shown once."""

    uri = fields.String(required=True, metadata={"description": "`otpauth://…`."})
    secret = fields.String(required=True, metadata={"description": "For typing: Base32."})
    qr_svg = fields.String(required=True, metadata={"description": "The address as a QR code."})


class TwoFactorSchema(Schema):
    """Where somebody stands with their second factor."""

    state = fields.String(
        required=True,
        validate=validate.OneOf(["off", "enforced", "on", "on_enforced"]),
        metadata={"description": "`enforced`: to be set up at the next sign-in."},
    )
    recovery_codes_left = fields.Integer(required=True)


class RecoveryCodesSchema(TwoFactorSchema):
    """New recovery codes; shown once, each good for one sign-in."""

    recovery_codes = fields.List(fields.String(), required=True)


def two_factor(passwords: Passwords, limiter: Limiter) -> Resource:
    """The routes of second factors."""
    bp = Resource("two-factor", __name__, description="The second factor.")

    @bp.get("/me/two-factor")
    @bp.needs_sign_in(narrowed_ok=SET_UP_TWO_FACTOR)
    @bp.answers(TwoFactorSchema, refuses=[NotFound])
    def get_own(scope: AccountsScope) -> Overview:
        """Read where one stands with one's second factor."""
        return actions.overview(scope.actor.id, scope)

    @bp.post("/me/two-factor")
    @bp.needs_sign_in(narrowed_ok=SET_UP_TWO_FACTOR)
    @bp.accepts(PasswordAgainSchema)
    @bp.answers(SetUpSchema, refuses=[NotFound, TooMany, CurrentPasswordWrong])
    def begin(body: dict[str, Any], scope: AccountsScope) -> SetUp:
        """Begin to set up a second factor; it is on once a code of it was sent."""
        return actions.begin(body["password"], scope, passwords, limiter)

    @bp.put("/me/two-factor")
    @bp.needs_sign_in(narrowed_ok=SET_UP_TWO_FACTOR)
    @bp.accepts(CodeSchema)
    @bp.answers(RecoveryCodesSchema, refuses=[NotFound, TwoFactorNotBegun, TwoFactorCodeWrong])
    def confirm(body: dict[str, Any], scope: AccountsScope) -> NewCodes:
        """Switch the second factor on, with a code of the app that was set up.

        Where it was due, all other sessions end, and a new access token is to be fetched with
        the refresh token.
        """
        return actions.confirm(body["code"], scope)

    @bp.delete("/me/two-factor")
    @bp.needs_sign_in()
    @bp.accepts(PasswordAgainSchema)
    @bp.answers(
        TwoFactorSchema, refuses=[NotFound, TooMany, CurrentPasswordWrong, TwoFactorEnforced]
    )
    def turn_off(body: dict[str, Any], scope: AccountsScope) -> Overview:
        """Switch the second factor off, where it is not enforced."""
        return actions.turn_off(body["password"], scope, passwords, limiter)

    @bp.post("/me/two-factor/recovery-codes")
    @bp.needs_sign_in()
    @bp.accepts(PasswordAgainSchema)
    @bp.answers(
        RecoveryCodesSchema, refuses=[NotFound, TooMany, CurrentPasswordWrong, TwoFactorOff]
    )
    def renew_recovery_codes(body: dict[str, Any], scope: AccountsScope) -> NewCodes:
        """Make new recovery codes; the old ones are void."""
        return actions.renew_recovery_codes(body["password"], scope, passwords, limiter)

    @bp.get("/users/<id:user_id>/two-factor")
    @bp.needs("accounts.security:read")
    @bp.answers(TwoFactorSchema, refuses=[NotFound])
    def get_of_user(user_id: str, scope: AccountsScope) -> Overview:
        """Read where a user stands with their second factor."""
        return actions.overview(user_id, scope)

    @bp.put("/users/<id:user_id>/two-factor")
    @bp.needs("accounts.security:edit", fresh=True)
    @bp.accepts(EnforcementSchema)
    @bp.answers(TwoFactorSchema, refuses=[NotFound, AccountNotYours])
    def enforce(body: dict[str, Any], user_id: str, scope: AccountsScope) -> Overview:
        """Say whether a user must have a second factor, from their next sign-in on."""
        return actions.enforce(user_id, scope, enforced=body["enforced"])

    @bp.delete("/users/<id:user_id>/two-factor")
    @bp.needs("accounts.security:edit", fresh=True)
    @bp.answers(None, 204, refuses=[NotFound, AccountNotYours, OutboxFull])
    def reset(user_id: str, scope: AccountsScope) -> None:
        """Take a user's second factor away, who lost it; their sessions end."""
        actions.reset(user_id, scope)

    return bp

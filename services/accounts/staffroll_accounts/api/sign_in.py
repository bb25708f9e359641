"""``/v1/sign-in``, ``/v1/token``, and the public keys that tokens are verified with."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Blueprint, Response, jsonify, request
from marshmallow import Schema, ValidationError, fields, validate, validates_schema

from staffroll.errors import OutboxFull, TooMany
from staffroll.web import guard
from staffroll.web.resource import Resource
from staffroll_accounts.actions import AccountsScope, access_tokens, sessions
from staffroll_accounts.actions import sign_in as actions
from staffroll_accounts.actions.limits import Limiter
from staffroll_accounts.actions.sessions import SignedIn
from staffroll_accounts.actions.sign_in import Credentials
from staffroll_accounts.api.users import PASSWORD_MAX_CHARACTERS
from staffroll_accounts.domain.errors import (
    AccessTokenRefused,
    RefreshTokenInvalid,
    RefreshTokenReused,
    SignInFailed,
    TooBusy,
    TwoFactorNeeded,
)
from staffroll_accounts.passwords import Passwords
from staffroll_accounts.store import Keys
from staffroll_accounts.tokens import Tokens

_TOKEN_FORM = r"^[A-Za-z0-9._-]+$(?!\n)"  # noqa: S105 (what a token looks like)
_OTP_FORM = r"^[0-9A-Za-z -]+$(?!\n)"


def one_time_code(**kwargs: Any) -> fields.String:
    """A code of the second factor, as typed."""
    return fields.String(
        load_only=True,
        validate=validate.And(validate.Length(min=6, max=20), validate.Regexp(_OTP_FORM)),
        metadata={
            "description": "Of the second factor: a code by time, or a recovery code.",
            "example": "123456",
        },
        **kwargs,
    )


def password_said(**kwargs: Any) -> fields.String:
    """A password that is compared, not set: only its length is judged."""
    return fields.String(
        load_only=True,
        validate=validate.Length(min=1, max=PASSWORD_MAX_CHARACTERS),
        metadata={"format": "password"},
        **kwargs,
    )


class CredentialsSchema(Schema):
    """Who signs in."""

    tenant = fields.String(required=True, validate=validate.Length(min=1, max=40))
    email = fields.String(required=True, validate=validate.Length(min=1, max=254))
    password = password_said(required=True)
    otp = one_time_code()


class TokenWishSchema(Schema):
    """What new tokens are asked for with: the field that `grant` names is needed."""

    grant = fields.String(required=True, validate=validate.OneOf(["refresh_token", "access_token"]))
    refresh_token = fields.String(
        load_only=True,
        validate=validate.And(validate.Length(min=1, max=200), validate.Regexp(_TOKEN_FORM)),
        metadata={"description": "The newest of a session."},
    )
    access_token = fields.String(
        load_only=True,
        validate=validate.And(validate.Length(min=1, max=200), validate.Regexp(_TOKEN_FORM)),
        metadata={"description": "A personal access token (`srp_…`)."},
    )

    @validates_schema
    def _names_its_field(self, data: dict[str, Any], **_: object) -> None:
        if data["grant"] not in data:
            raise ValidationError("This is what the grant needs.", data["grant"])


class SignedInSchema(Schema):
    """An access token, to be sent as `Authorization: Bearer`, and what renews it."""

    access_token = fields.String(required=True)
    token_type = fields.String(required=True)
    expires_in = fields.Integer(required=True, metadata={"description": "Seconds."})
    refresh_token = fields.String(
        required=True,
        allow_none=True,
        metadata={"description": "Good once, at `POST /v1/token`; a new one comes with it."},
    )
    session_id = fields.UUID(required=True, allow_none=True)


def sign_in(
    anonymous: Callable[[str], AccountsScope],
    passwords: Passwords,
    tokens: Tokens,
    limiter: Limiter,
) -> Resource:
    """The routes around signing in.

    Args:
        anonymous: The scope of a tenant for somebody who is not signed in yet.
    """
    bp = Resource("sign-in", __name__, description="Signing in.")

    @bp.post("/sign-in")
    @bp.is_public()
    @bp.accepts(CredentialsSchema)
    @bp.answers(
        SignedInSchema, refuses=[SignInFailed, TwoFactorNeeded, TooMany, TooBusy, OutboxFull]
    )
    def sign_in(given: dict[str, Any]) -> SignedIn:
        """Sign in with e-mail and password, and the second factor where there is one."""
        return actions.sign_in(
            Credentials(given["email"], given["password"], given.get("otp")),
            anonymous(given["tenant"]),
            passwords,
            tokens,
            limiter,
            user_agent=request.user_agent.string,
        )

    @bp.post("/token")
    @bp.is_public()
    @bp.accepts(TokenWishSchema)
    @bp.answers(
        SignedInSchema,
        refuses=[RefreshTokenInvalid, RefreshTokenReused, AccessTokenRefused, OutboxFull],
    )
    def token(wish: dict[str, Any]) -> SignedIn:
        """Get a new access token, by a refresh token or a personal access token."""
        if wish["grant"] == "access_token":
            personal = wish["access_token"]
            scope = anonymous(access_tokens.tenant_of(personal))
            return access_tokens.exchange(personal, scope, tokens.issuer)
        claim = tokens.refresh.read(wish["refresh_token"])
        return sessions.refresh(claim, anonymous(claim.tenant_id), tokens)

    return bp


def well_known(keys: Keys) -> Blueprint:
    """``/.well-known/jwks.json`` (RFC 7517)."""
    bp = Blueprint("well-known", __name__)

    @bp.get("/.well-known/jwks.json")
    @guard.public
    def jwks() -> Response:
        response = jsonify({"keys": keys.public()})
        response.headers["Cache-Control"] = "public, max-age=300"
        return response

    return bp

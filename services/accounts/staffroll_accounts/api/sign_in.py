"""``/v1/sign-in``, and the public keys that tokens are verified with."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Blueprint, Response, jsonify
from marshmallow import Schema, fields, validate

from staffroll.web import guard
from staffroll.web.resource import Resource
from staffroll_accounts.actions import AccountsScope
from staffroll_accounts.actions import sign_in as actions
from staffroll_accounts.actions.sign_in import SignedIn
from staffroll_accounts.api.users import PASSWORD_MAX_CHARACTERS
from staffroll_accounts.domain.errors import SignInFailed
from staffroll_accounts.passwords import Passwords
from staffroll_accounts.store import Keys
from staffroll_accounts.tokens import Issuer


class CredentialsSchema(Schema):
    """Who signs in."""

    tenant = fields.String(required=True, validate=validate.Length(min=1, max=40))
    email = fields.String(required=True, validate=validate.Length(min=1, max=254))
    password = fields.String(
        required=True,
        load_only=True,
        validate=validate.Length(min=1, max=PASSWORD_MAX_CHARACTERS),
        metadata={"format": "password"},
    )


class SignedInSchema(Schema):
    """An access token, to be sent as `Authorization: Bearer`."""

    access_token = fields.String(required=True)
    token_type = fields.String(required=True)
    expires_in = fields.Integer(required=True, metadata={"description": "Seconds."})


def sign_in(
    anonymous: Callable[[str], AccountsScope], passwords: Passwords, issuer: Issuer
) -> Resource:
    """The routes around signing in.

    Args:
        anonymous: The scope of a tenant for somebody who is not signed in yet.
    """
    bp = Resource("sign-in", __name__, description="Signing in.")

    @bp.post("/sign-in")
    @bp.is_public()
    @bp.accepts(CredentialsSchema)
    @bp.answers(SignedInSchema, refuses=[SignInFailed])
    def sign_in(credentials: dict[str, Any]) -> SignedIn:
        """Sign in with e-mail and password."""
        return actions.sign_in(
            credentials["email"],
            credentials["password"],
            anonymous(credentials["tenant"]),
            passwords,
            issuer,
        )

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

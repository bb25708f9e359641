"""``/v1/me/tokens``: personal access tokens (R42)."""

from __future__ import annotations

from typing import Any

from marshmallow import Schema, fields, validate

from staffroll.errors import NotFound, OutboxFull
from staffroll.permissions import NAMES
from staffroll.web.fields import Instant, Name
from staffroll.web.resource import Resource
from staffroll_accounts.actions import AccountsScope
from staffroll_accounts.actions import access_tokens as actions
from staffroll_accounts.domain.errors import ExpiryInvalid, ScopeNotYours, TooManyAccessTokens

_SCOPES_MAX = 100


class NewAccessTokenSchema(Schema):
    """A new personal access token."""

    name = Name(required=True)
    scopes = fields.List(
        fields.String(validate=validate.OneOf(sorted(NAMES))),
        required=True,
        validate=validate.Length(min=1, max=_SCOPES_MAX),
        metadata={"description": "Permissions that it may be used for; none you lack."},
    )
    expires_at = Instant(required=True, metadata={"description": "Some time within the next year."})


class AccessTokenSchema(Schema):
    """A personal access token."""

    id = fields.UUID(required=True)
    name = fields.String(required=True)
    scopes = fields.List(fields.String(), required=True)
    created_at = Instant(required=True)
    expires_at = Instant(required=True)
    last_used_at = Instant(required=True, allow_none=True, metadata={"description": "To the hour."})


_SHOWN = tuple(AccessTokenSchema().fields)


class AccessTokensSchema(Schema):
    """One's personal access tokens that are good, the newest first."""

    items = fields.List(fields.Nested(AccessTokenSchema), required=True)


class CreatedAccessTokenSchema(AccessTokenSchema):
    """A personal access token with its secret, which is shown this once."""

    token = fields.String(
        required=True, metadata={"description": "To be exchanged at `POST /v1/token`."}
    )


def access_tokens() -> Resource:
    """The routes of ``/v1/me/tokens``."""
    bp = Resource("access-tokens", __name__, description="Personal access tokens, for scripts.")

    @bp.get("/me/tokens")
    @bp.needs_sign_in()
    @bp.answers(AccessTokensSchema, refuses=[NotFound])
    def list_tokens(scope: AccountsScope) -> dict[str, Any]:
        """List one's personal access tokens."""
        return {"items": actions.find_all(scope)}

    @bp.post("/me/tokens")
    @bp.needs_sign_in(fresh=True)
    @bp.accepts(NewAccessTokenSchema)
    @bp.answers(
        CreatedAccessTokenSchema,
        201,
        refuses=[NotFound, ScopeNotYours, ExpiryInvalid, TooManyAccessTokens],
    )
    def create_token(body: dict[str, Any], scope: AccountsScope) -> dict[str, Any]:
        """Make a personal access token; its secret is in this answer alone.

        So no Idempotency-Key is honoured: a repeat could not show it again.
        """
        made = actions.create(body["name"], body["scopes"], body["expires_at"], scope)
        return {"token": made.token} | {name: getattr(made.kept, name) for name in _SHOWN}

    @bp.delete("/me/tokens/<id:token_id>")
    @bp.needs_sign_in()
    @bp.answers(None, 204, refuses=[NotFound, OutboxFull])
    def revoke_token(token_id: str, scope: AccountsScope) -> None:
        """Revoke a personal access token, and every access token made from it."""
        actions.revoke(token_id, scope)

    return bp

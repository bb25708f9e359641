"""Who may: a personal access token as it is, since identity providers send one for ever, or
any access token (R42)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import wraps
from typing import Any, Final

from flask import request

from staffroll.errors import Forbidden
from staffroll.web import guard
from staffroll.web.sharing import wait_for_turn
from staffroll_accounts.actions import AccountsScope, access_tokens
from staffroll_accounts.actions.limits import Limiter
from staffroll_accounts.domain.errors import AccessTokenRefused

PERMISSION: Final = "accounts.scim:edit"

EDIT_USERS: Final = "accounts.users:edit"
DELETE_USERS: Final = "accounts.users:delete"
EDIT_ROLES: Final = "accounts.roles:edit"

_PERSONAL: Final = "srp_"

View = Callable[..., Any]


@dataclass(frozen=True, slots=True)
class Access:
    """How it is told who is asking.

    Attributes:
        anonymous: The scope of a tenant for somebody who is not signed in yet.
        limiter: Counts tokens that are refused.
    """

    anonymous: Callable[[str], AccountsScope]
    limiter: Limiter

    def needs(self, *also: str) -> Callable[[View], View]:
        """Only for who has the permission for SCIM, and `also`; the view gets its ``scope``."""

        def decorate(view: View) -> View:
            @wraps(view)
            def guarded(*args: Any, **kwargs: Any) -> Any:
                scope = self._scope()
                check_may(scope, *also)
                return view(*args, scope=scope, **kwargs)

            guarded.permission = PERMISSION  # type: ignore[attr-defined]
            return guarded

        return decorate

    def _scope(self) -> AccountsScope:
        """The scope of the current request.

        Raises:
            Unauthenticated, Forbidden: As `Guard.scope`.
            AccessTokenRefused: The personal access token is not good.
            TooMany: Too many from the same address were not.
        """
        scheme, _, sent = request.headers.get("Authorization", "").partition(" ")
        token = sent.strip()
        if scheme.lower() != "bearer" or not token.startswith(_PERSONAL):
            scope: AccountsScope = guard.current().scope(PERMISSION)
            return scope
        try:
            scope = self.anonymous(access_tokens.tenant_of(token))
            actor = access_tokens.authenticate(token, scope)
        except AccessTokenRefused:
            self.limiter.check("scim", request.remote_addr)
            raise
        wait_for_turn(scope.tenant_id)
        scope = replace(scope, actor=actor)
        check_may(scope, PERMISSION)
        return scope


def check_may(scope: AccountsScope, *permissions: str) -> None:
    """Raises `Forbidden` for the first of the permissions that the actor lacks."""
    for permission in permissions:
        if not scope.actor.may(permission):
            raise Forbidden(permission=permission)

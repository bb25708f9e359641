"""Signing in with a password."""

from __future__ import annotations

from dataclasses import dataclass

from staffroll_accounts.actions import AccountsScope
from staffroll_accounts.domain.errors import SignInFailed
from staffroll_accounts.domain.roles import permissions_of
from staffroll_accounts.passwords import Passwords
from staffroll_accounts.tokens import Issuer


@dataclass(frozen=True, slots=True)
class SignedIn:
    """What whoever signed in may use.

    Attributes:
        expires_in: Seconds.
    """

    access_token: str
    expires_in: int
    token_type: str = "Bearer"  # noqa: S105 (the kind of token, not one)


def sign_in(
    email: str, password: str, scope: AccountsScope, passwords: Passwords, issuer: Issuer
) -> SignedIn:
    """An access token for the user with this e-mail and password.

    Raises:
        SignInFailed: For whatever reason; a stranger learns nothing, not even by time (R22).
    """
    tenant = scope.store.tenants.find()
    user = scope.store.users.find_by_email(email)
    fits = passwords.verify(password, user.security.password_hash if user else None)
    is_open = tenant is not None and tenant.status == "active"
    if not fits or user is None or user.status != "active" or user.locked or not is_open:
        raise SignInFailed
    token = issuer.issue(
        subject=user.id,
        tenant_id=scope.tenant_id,
        is_admin=user.is_admin,
        permissions=permissions_of(scope.store.roles.some(user.roles)),
        generation=user.token_generation,
    )
    return SignedIn(access_token=token, expires_in=issuer.good_for_seconds)

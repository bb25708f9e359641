"""R42: personal access tokens, tried on bare data."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from staffroll.errors import NotFound
from staffroll.scope import Actor
from staffroll_accounts.domain import access_tokens as rules
from staffroll_accounts.domain.errors import (
    AccessTokenRefused,
    ExpiryInvalid,
    ScopeNotYours,
    TooManyAccessTokens,
)
from staffroll_accounts.domain.security import AccessToken, Security
from staffroll_accounts.domain.users import Decision, User
from tests.unit.accounts.builders import ID, NOW, a_cause, a_user

HASH = "a" * 64
SOMEBODY = Actor(ID, frozenset({"accounts.users:read", "export.users:read"}))


def a_token(number: int = 1, **changes: Any) -> AccessToken:
    known: dict[str, Any] = {
        "id": f"token-{number}",
        "name": "Nightly export",
        "scopes": ("export.users:read",),
        "hash": HASH,
        "epoch": 1,
        "created_at": NOW,
        "expires_at": NOW + timedelta(days=30),
    }
    return AccessToken(**{**known, **changes})


def an_owner(*tokens: AccessToken, **changes: Any) -> User:
    return a_user(access_tokens=tokens, **changes)


@given(
    scopes=st.lists(
        st.sampled_from(["accounts.users:read", "export.users:read", "accounts.users:edit"]),
        min_size=1,
    )
)
def test_r42_a_token_may_do_nothing_that_its_maker_may_not(scopes: list[str]) -> None:
    token = a_token(scopes=tuple(scopes))

    try:
        made = rules.create(a_user(), token, SOMEBODY, a_cause()).user.access_tokens
    except ScopeNotYours:
        made = ()

    assert (made == (token,)) == SOMEBODY.permissions.issuperset(scopes)


@pytest.mark.parametrize("scope", ["me.two-factor:edit", "accounts.nothing:read", "*", ""])
def test_r42_what_is_no_permission_is_no_scope_not_even_for_an_admin(scope: str) -> None:
    admin = Actor(ID, is_admin=True)

    with pytest.raises(ScopeNotYours):
        rules.create(a_user(), a_token(scopes=(scope,)), admin, a_cause())


@pytest.mark.parametrize("days", [-1, 0, 367])
def test_r42_a_token_expires_within_a_year(days: int) -> None:
    token = a_token(expires_at=NOW + timedelta(days=days))

    with pytest.raises(ExpiryInvalid):
        rules.create(a_user(), token, SOMEBODY, a_cause())


def test_r42_nobody_has_more_than_fifty_good_tokens() -> None:
    many = tuple(a_token(number) for number in range(49))
    full = rules.create(an_owner(*many), a_token(49), SOMEBODY, a_cause()).user

    with pytest.raises(TooManyAccessTokens):
        rules.create(full, a_token(50), SOMEBODY, a_cause())


def test_tokens_that_are_not_good_any_more_are_forgotten() -> None:
    expired, ended = a_token(1, expires_at=NOW), a_token(2, epoch=0)
    good, new = a_token(3), a_token(4)

    decision = rules.create(an_owner(expired, ended, good), new, SOMEBODY, a_cause())

    assert decision.user.access_tokens == (good, new)
    assert [entry.action for entry in decision.audit] == ["access-token.created"]


def test_a_good_token_is_used_and_that_is_noted_once_in_an_hour() -> None:
    token, decision = rules.use(an_owner(a_token(1), a_token(2)), "token-1", HASH, a_cause())

    assert token.last_used_at == NOW
    assert decision.user.access_tokens == (token, a_token(2))
    assert [entry.action for entry in decision.audit] == ["access-token.used"]
    _, again = rules.use(decision.user, "token-1", HASH, a_cause())
    assert again == Decision(decision.user)
    later = replace(a_cause(), now=NOW + timedelta(hours=1))
    _, noted = rules.use(decision.user, "token-1", HASH, later)
    assert noted.audit


@pytest.mark.parametrize(
    "user, token_id, given_hash",
    [
        (an_owner(a_token()), "token-2", HASH),
        (an_owner(a_token()), "token-1", "b" * 64),
        (an_owner(a_token(expires_at=NOW)), "token-1", HASH),
        (an_owner(a_token(), security=Security(session_epoch=2)), "token-1", HASH),
        (an_owner(a_token(), status="deactivated"), "token-1", HASH),
        (an_owner(a_token(), status="deleted"), "token-1", HASH),
        (an_owner(a_token(), security=Security(locked_at=NOW)), "token-1", HASH),
    ],
    ids=["unknown", "wrong", "expired", "sessions ended", "deactivated", "deleted", "locked"],
)
def test_r42_what_is_not_good_is_refused(user: User, token_id: str, given_hash: str) -> None:
    with pytest.raises(AccessTokenRefused):
        rules.use(user, token_id, given_hash, a_cause())


def test_r42_revoking_voids_what_was_made_from_it_everywhere() -> None:
    user = an_owner(a_token(1), a_token(2), version=4, token_generation=7)

    decision = rules.revoke(user, "token-1", a_cause())

    assert decision.user.access_tokens == (a_token(2),)
    assert decision.user.security == user.security
    (event,) = decision.events
    assert (event.type, event.sequence) == ("user.sessions-revoked", 5)
    assert event.data["token_generation"] == 8
    assert [(entry.action, entry.changed) for entry in decision.audit] == [
        ("access-token.revoked", ("access_tokens.token-1",))
    ]


def test_what_is_not_there_cannot_be_revoked() -> None:
    with pytest.raises(NotFound):
        rules.revoke(an_owner(a_token()), "token-2", a_cause())


def test_no_hash_is_shown_or_told() -> None:
    decision = rules.create(a_user(), a_token(), SOMEBODY, a_cause())

    assert HASH not in repr(decision)
    assert HASH not in repr(rules.revoke(decision.user, "token-1", a_cause()))

"""What a token is good for: whoever entered their password long ago, and narrowed tokens."""

from __future__ import annotations

import time
from typing import Any

import pytest
from flask.testing import FlaskClient
from joserfc import jwt
from joserfc.jwk import OKPKey
from marshmallow import Schema

from staffroll.ids import new_id
from staffroll.standing import Standing
from staffroll.web.guard import ANY_NARROWED, PLATFORM_ACTOR, Guard
from staffroll.web.resource import Resource
from staffroll.web.service_app import new_app
from staffroll.web.tokens import ALGORITHM, AUDIENCE, KeyRing

READ = "accounts.users:read"
KEY = OKPKey.generate_key("Ed25519", parameters={"kid": "k", "use": "sig"})
MINUTE = 60


@pytest.fixture
def client() -> FlaskClient:
    bp = Resource("things", __name__)
    guards = {
        "plain": bp.needs(READ),
        "fresh": bp.needs(READ, fresh=True),
        "mine": bp.needs_sign_in(),
        "my-password": bp.needs_sign_in(narrowed_ok="me.password:edit"),
        "leave": bp.needs_sign_in(narrowed_ok=ANY_NARROWED),
    }
    for name, guarded in guards.items():

        def view(scope: Any) -> dict[str, Any]:
            return {}

        view.__name__ = name.replace("-", "_")
        view.__doc__ = f"See {name}."
        bp.get(f"/{name}")(guarded(bp.answers(Schema)(view)))
    ring = KeyRing(lambda: [KEY.as_dict(private=False)])
    standing = Standing(True, 1, False, frozenset({READ}))
    app = new_app(
        "accounts",
        title="A",
        guarded=Guard(ring, lambda *_: standing, lambda *_: None, lambda: True),
        resources=[bp],
        ready={},
    )
    return app.test_client()


def ask(client: FlaskClient, path: str, subject: str | None = None, **claims: Any) -> Any:
    now = int(time.time())
    known = {
        "sub": subject or new_id(), "tid": "acme", "perms": [], "gen": 1, "aud": AUDIENCE,
        "iat": now, "exp": now + 600, "jti": new_id(), **claims,
    }  # fmt: skip
    header = {"alg": ALGORITHM, "kid": "k", "typ": "at+jwt"}
    token = jwt.encode(header, known, KEY, algorithms=[ALGORITHM])
    answer = client.get(f"/v1/{path}", headers={"Authorization": f"Bearer {token}"})
    assert answer.json is not None
    return answer.json.get("code", answer.status_code)


@pytest.mark.parametrize(
    ("entered", "expected"),
    [
        (lambda: int(time.time()), 200),
        (lambda: int(time.time()) - 9 * MINUTE, 200),
        (lambda: int(time.time()) - 11 * MINUTE, "step_up_needed"),
        (lambda: 0, "step_up_needed"),
        (lambda: -1, "step_up_needed"),
        (lambda: 1e300, "step_up_needed"),
        (lambda: "now", "step_up_needed"),
        (lambda: True, "step_up_needed"),
    ],
    ids=["now", "9 min", "11 min", "never", "negative", "huge", "text", "true"],
)
def test_dangerous_acts_need_a_password_entered_lately(
    client: FlaskClient, entered: Any, expected: object
) -> None:
    assert ask(client, "fresh", auth_time=entered()) == expected
    assert ask(client, "plain", auth_time=entered()) == 200


def test_a_token_that_never_saw_a_password_is_not_fresh(client: FlaskClient) -> None:
    assert ask(client, "fresh") == "step_up_needed"


def test_the_platform_team_is_not_asked_again(client: FlaskClient) -> None:
    assert ask(client, "fresh", PLATFORM_ACTOR) == 200


@pytest.mark.parametrize(
    ("scope", "expected"),
    [
        ("me.password:edit", ["forbidden", "token_narrowed", 200, 200]),
        ("me.two-factor:edit", ["forbidden", "token_narrowed", "token_narrowed", 200]),
        ("me.two-factor:edit me.password:edit", ["forbidden", "token_narrowed", 200, 200]),
        (READ, [200, "token_narrowed", "token_narrowed", 200]),
        ("", ["forbidden", "token_narrowed", "token_narrowed", 200]),
        ("*", ["forbidden", "token_narrowed", "token_narrowed", 200]),
    ],
)
def test_a_narrowed_token_is_good_for_what_it_names(
    client: FlaskClient, scope: str, expected: list[object]
) -> None:
    paths = ["plain", "mine", "my-password", "leave"]

    assert [ask(client, path, scope=scope) for path in paths] == expected

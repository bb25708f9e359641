"""F13: how a web worker's threads are shared by tenants, through the frame of every app."""

from __future__ import annotations

import time
from typing import Any

import pytest
from flask import Flask, Response
from joserfc import jwt
from joserfc.jwk import OKPKey
from marshmallow import Schema

from staffroll.fair_queue import FairQueue, TooManyAtOnce
from staffroll.ids import new_id
from staffroll.standing import Standing
from staffroll.web import sharing
from staffroll.web.guard import Guard
from staffroll.web.resource import Resource
from staffroll.web.service_app import new_app
from staffroll.web.tokens import ALGORITHM, AUDIENCE, KeyRing

KEY = OKPKey.generate_key("Ed25519", {"kid": "k1", "use": "sig"})


def _app(queue: FairQueue, asked: list[str]) -> Flask:
    things = Resource("things", __name__)

    @things.get("/things")
    @things.needs("accounts.users:read")
    @things.answers(Schema)
    def show(scope: Any) -> dict[str, Any]:
        return {}

    @things.get("/failing")
    @things.needs("accounts.users:read")
    @things.answers(Schema)
    def fail(scope: Any) -> dict[str, Any]:
        raise TooManyAtOnce(3)

    @things.get("/lines")
    @things.needs("accounts.users:read")
    @things.answers(None)
    def stream(scope: Any) -> Response:
        return sharing.until_sent(Response(iter(["first ", "second"])))

    def standing(tenant_id: str, _user_id: str) -> Standing:
        asked.append(tenant_id)
        return Standing(True, 1, is_admin=True)

    guarded = Guard(
        KeyRing(lambda: [KEY.as_dict(private=False)]),
        standing,
        lambda *_: None,
        lambda: True,
    )
    app = new_app("accounts", title="A", guarded=guarded, resources=[things], ready={})
    sharing.install(app, queue)
    return app


def _token(tenant: str) -> dict[str, str]:
    claims = {
        "sub": new_id(),
        "tid": tenant,
        "adm": True,
        "perms": [],
        "gen": 1,
        "aud": AUDIENCE,
        "exp": int(time.time()) + 60,
    }
    header = {"alg": ALGORITHM, "kid": "k1", "typ": "at+jwt"}
    token = jwt.encode(header, claims, KEY, algorithms=[ALGORITHM])
    return {"Authorization": f"Bearer {token}"}


@pytest.fixture
def full() -> FairQueue:
    """A queue in which the tenant `loud` has all that one tenant may have."""
    queue = FairQueue(2, 1, waiting=0)
    queue.enter("loud")
    return queue


def test_f13_a_tenant_that_has_its_share_is_told_when_to_come_again(full: FairQueue) -> None:
    asked: list[str] = []

    response = _app(full, asked).test_client().get("/v1/things", headers=_token("loud"))

    assert response.status_code == 429
    assert response.get_json()["code"] == "too_many_at_once"
    assert int(response.headers["Retry-After"]) >= 1
    assert asked == []


def test_f13_another_tenant_is_served_meanwhile_again_and_again(full: FairQueue) -> None:
    client = _app(full, []).test_client()

    for path, status in (("/v1/things", 200), ("/v1/failing", 429), ("/v1/things", 200)):
        assert client.get(path, headers=_token("calm")).status_code == status


def test_f13_what_is_made_while_it_is_sent_has_its_turn_until_then() -> None:
    client = _app(FairQueue(2, 1, waiting=0), []).test_client()
    loud = _token("loud")

    with client.get("/v1/lines", headers=loud) as sending:
        assert client.get("/v1/things", headers=loud).status_code == 429
        assert client.get("/v1/things", headers=_token("calm")).status_code == 200
        assert sending.data == b"first second"

    for _ in range(2):
        assert client.get("/v1/things", headers=loud).status_code == 200
    with client.head("/v1/lines", headers=loud) as bare:
        assert bare.status_code == 200
    assert client.get("/v1/things", headers=loud).status_code == 200


def test_a_stranger_takes_no_tenants_turns(full: FairQueue) -> None:
    client = _app(full, []).test_client()

    for headers in ({}, {"Authorization": "Bearer calm"}):
        assert client.get("/v1/things", headers=headers).status_code == 401

    assert client.get("/v1/things", headers=_token("calm")).status_code == 200
    assert client.get("/healthz").status_code == 200


@pytest.mark.parametrize(("at_once", "of_one"), [(1, 1), (2, 1), (4, 3), (8, 6), (16, 12)])
def test_f13_no_tenant_has_all_turns_of_a_worker(
    at_once: int, of_one: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    queue = sharing.queue_for(at_once)
    monkeypatch.setattr(queue, "_patience", 0.0)

    for _ in range(of_one):
        queue.enter("loud")

    with pytest.raises(TooManyAtOnce):
        queue.enter("loud")
    for _ in range(at_once - of_one):
        queue.enter("calm")

"""Answering keeps nothing: whatever was made for a request is gone after it."""

from __future__ import annotations

import gc

from staffroll.ids import new_id
from tests.support.accounts import Tenant
from tests.support.waiting import eventually

ROUNDS = 20
_REQUESTS = 7 * ROUNDS
_MAY_GROW = _REQUESTS // 2
"""Objects: what is kept of each request is one at least; other threads have some in hand."""


def _round(tenant: Tenant, user_id: str) -> None:
    """Found, listed, changed, missing, refused: each way that an answer comes about."""
    path = f"/v1/users/{user_id}"
    assert tenant.get(path).status_code == 200
    assert tenant.get("/v1/users?limit=5&q=admin").status_code == 200
    assert tenant.patch(path, {"first_name": new_id()[:8]}).status_code == 200
    assert tenant.patch(path, {"nonsense": 1}).status_code == 422
    assert tenant.get(f"/v1/users/{new_id()}").status_code == 404
    assert tenant.get(path, token="no token").status_code == 401
    assert tenant.get("/readyz", token=None).status_code == 200


def _objects() -> int:
    gc.collect()
    return len(gc.get_objects())


def test_requests_leave_no_objects_behind(tenant: Tenant) -> None:
    user_id = tenant.create()["id"]
    for _ in range(10):
        _round(tenant, user_id)
    before = _objects()

    for _ in range(ROUNDS):
        _round(tenant, user_id)

    eventually(lambda: _objects() - before < _MAY_GROW)

"""F6: without its database accounts answers 503, says when to try again, and recovers."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from staffroll.local import Mongod
from tests.support.accounts import PASSWORD, Accounts, Answer, Tenant, a_user, environ_of
from tests.support.waiting import eventually


@pytest.fixture(scope="module")
def server() -> Iterator[Mongod]:
    with tempfile.TemporaryDirectory(prefix="staffroll-mongo-") as folder, Mongod(folder) as server:
        yield server


@pytest.fixture(scope="module")
def house(server: Mongod) -> Iterator[Tenant]:
    running = Accounts(environ_of(server.uri, "away_"))
    tenant = running.tenant()
    tenant.create(email="anna@x.example")
    # Kept, because making one asks the database.
    tenant.token = tenant.token
    yield tenant
    running.close()


@pytest.fixture
def away(server: Mongod, house: Tenant) -> Tenant:
    """A tenant whose database has gone."""
    server.stop()
    return house


ROUTES: list[tuple[str, str, object]] = [
    ("GET", "/v1/users", None),
    ("GET", "/v1/users/0197a000-0000-7000-8000-00000000000a", None),
    ("POST", "/v1/users", a_user(email="late@x.example")),
    ("PATCH", "/v1/users/0197a000-0000-7000-8000-00000000000a", {"first_name": "Anne"}),
    ("GET", "/v1/roles", None),
    ("GET", "/v1/digest?owner=accounts", None),
    ("POST", "/v1/sign-in", {"tenant": "acme", "email": "a@x.example", "password": PASSWORD}),
]


def test_f6_every_route_answers_503_and_says_when_to_try_again(away: Tenant) -> None:
    def send(route: tuple[str, str, object]) -> Answer:
        method, path, body = route
        return away.accounts.send(method, path, away.token, json=body)

    with ThreadPoolExecutor(len(ROUTES)) as pool:
        answers = list(pool.map(send, ROUTES))

    assert {answer.status_code for answer in answers} == {503}
    assert {answer.content_type for answer in answers} == {"application/problem+json"}
    assert {answer.json["code"] for answer in answers} == {"database_away"}
    assert all(int(answer.headers["Retry-After"]) > 0 for answer in answers)
    assert not any("mongo" in answer.text.lower() for answer in answers)


def test_f6_health_tells_alive_from_ready(away: Tenant) -> None:
    assert away.get("/healthz", token=None).status_code == 200

    response = away.get("/readyz", token=None)

    assert response.status_code == 503
    assert response.json["checks"]["database"] == "the database does not answer"


def test_f6_when_the_database_is_back_so_are_we(away: Tenant, server: Mongod) -> None:
    server.start()

    eventually(lambda: away.get("/v1/users?q=anna@x").status_code == 200, 30)
    assert away.get("/v1/users?q=anna@x").json["total"] == 1
    assert away.post("/v1/users", a_user(email="late@x.example")).status_code == 201
    eventually(lambda: away.get("/readyz", token=None).status_code == 200, 30)

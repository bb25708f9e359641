"""The life of one person, from creation to erasure, as every service sees it at each step."""

from __future__ import annotations

import random
import secrets
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import requests

from tests.support.apart import PASSWORD, PLACES, SERVICES, Apart, Client
from tests.support.news import recorded, say_again
from tests.support.rabbitmq import RabbitNode
from tests.support.waiting import eventually

FAMILY_NAME = "Þórsdóttir"
WAIT = {"Prefer": "wait=10"}


@pytest.fixture
def acme(apart: Apart) -> Client:
    return apart.tenant()


def born_in(acme: Client, place: str = "scheduling") -> tuple[str, str]:
    """A new human's id and e-mail, once every place sees them."""
    email = f"{secrets.token_hex(4)}@acme.example"
    created = acme.create(
        place, {"last_name": FAMILY_NAME, "first_name": "Ása", "email": email}, headers=WAIT
    )
    assert created.status_code == 201, created.text
    id_ = str(created.json()["id"])
    for other in PLACES:
        eventually(lambda name=other: acme.sees(name, id_))
    return id_, email


def sign_in(acme: Client, email: str) -> int:
    signed_in = requests.post(
        f"{acme.suite.url('accounts')}/v1/sign-in",
        json={"tenant": acme.tenant_id, "email": email, "password": PASSWORD},
        timeout=40,
    )
    return signed_in.status_code


def add_shifts(acme: Client, id_: str, count: int, first: datetime | None = None) -> None:
    """Shifts of eight hours, one a day, from tomorrow on."""
    first = first or datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
    for nth in range(1, count + 1):
        start = first + timedelta(days=nth)
        made = acme.post(
            "scheduling",
            "/v1/shifts",
            json={
                "employee_id": id_,
                "start": start.isoformat(),
                "end": (start + timedelta(hours=8)).isoformat(),
            },
        )
        assert made.status_code == 201, made.text


def shifts(acme: Client, id_: str) -> list[dict[str, Any]]:
    """All within the two months around now."""
    now = datetime.now(UTC)
    asked = acme.get(
        "scheduling",
        "/v1/shifts",
        params={
            "from": (now - timedelta(days=30)).isoformat(),
            "to": (now + timedelta(days=30)).isoformat(),
            "employee": id_,
            "limit": 200,
        },
    )
    assert asked.status_code == 200, asked.text
    items: list[dict[str, Any]] = asked.json()["items"]
    return items


def today_for(acme: Client, id_: str) -> str:
    """The day on which the newest membership began, which was today where they are."""
    return str(acme.get("scheduling", f"/v1/employees/{id_}").json()["join_date"])


def is_listed(acme: Client, email: str, status: str) -> bool:
    """In the user list and in the exported one, which hold the same."""
    users = acme.get("accounts", "/v1/users", params={"q": email, "status": status}).json()
    lines = acme.csv(q=email, status=status)
    return bool(users["total"]) and any(email in line for line in lines)


def test_r50_r52_from_creation_over_leaving_and_coming_back(acme: Client) -> None:
    id_, email = born_in(acme)
    chosen = acme.request(
        "PUT", "accounts", f"/v1/users/{id_}/password", json={"password": PASSWORD}
    )
    assert chosen.status_code in (200, 204), chosen.text
    assert sign_in(acme, email) == 200
    themselves = Client(acme.suite, acme.tenant_id, email)
    add_shifts(acme, id_, 3)
    eventually(lambda: is_listed(acme, email, "billed"))

    left = acme.patch(
        "scheduling",
        f"/v1/employees/{id_}/memberships/current",
        json={"leave_date": today_for(acme, id_), "future_shifts": "delete"},
    )

    assert left.status_code == 200, left.text
    eventually(lambda: acme.sees("accounts", id_)["status"] == "deactivated")
    for place in ("scheduling", "people"):
        eventually(lambda name=place: acme.sees(name, id_)["user_status"] == "deactivated")
    assert themselves.get("accounts", "/v1/me").status_code == 401
    assert sign_in(acme, email) == 401
    eventually(lambda: is_listed(acme, email, "unbilled"))
    assert not is_listed(acme, email, "billed")
    eventually(lambda: shifts(acme, id_) == [])

    back = acme.post(
        "scheduling",
        f"/v1/employees/{id_}/memberships",
        json={"join_date": today_for(acme, id_)},
    )

    assert back.status_code == 201, back.text
    eventually(lambda: acme.sees("accounts", id_)["status"] == "active")
    eventually(lambda: is_listed(acme, email, "billed"))
    assert sign_in(acme, email) == 200


@pytest.mark.parametrize("count", [30, pytest.param(500, marks=pytest.mark.long)])
def test_r60_r63_deleted_with_many_shifts_and_no_late_event_brings_anything_back(
    acme: Client, rabbitmq: RabbitNode, count: int
) -> None:
    suite = acme.suite
    with recorded(rabbitmq, suite, acme.tenant_id) as said:
        id_, email = born_in(acme, "people")
        acme.patch("accounts", f"/v1/users/{id_}", json={"first_name": "Ásdís"})
        add_shifts(acme, id_, count)
        eventually(
            lambda: acme.get("scheduling", f"/v1/employees/{id_}").json()["future_shifts"] == count
        )
        eventually(lambda: _preview(acme, id_)["would_lose"]["future_shifts"] == count)

        deleted = acme.delete("accounts", f"/v1/users/{id_}", params={"confirm": id_})

        assert deleted.status_code == 204, deleted.text
        eventually(lambda: _erasure(acme, id_)["is_complete"], timeout=60)
    assert {one["service"] for one in _erasure(acme, id_)["services"]} == set(SERVICES)
    before = _everything(suite, acme.tenant_id)
    assert FAMILY_NAME not in before
    assert email not in before

    late = said * 2
    random.Random(7).shuffle(late)
    say_again(rabbitmq, suite, late)

    for service in SERVICES:
        eventually(lambda name=service: rabbitmq.messages(f"{suite.prefix}{name}.events") == 0)
    for place in PLACES:
        assert acme.get(place, f"{PLACES[place]}/{id_}").status_code == 404
    after = _everything(suite, acme.tenant_id)
    assert FAMILY_NAME not in after
    assert email not in after
    for service in SERVICES:
        assert f"{service}: 0" in suite.command("dead-letters", "list", "--service", service)
    again = acme.create(
        "accounts", {"last_name": "Nova", "first_name": "Eva", "email": email}, headers=WAIT
    )
    assert again.status_code == 201, again.text


def _preview(acme: Client, id_: str) -> dict[str, Any]:
    asked = acme.delete("accounts", f"/v1/users/{id_}")
    assert asked.status_code == 428, asked.text
    preview: dict[str, Any] = asked.json()
    return preview


def _erasure(acme: Client, id_: str) -> dict[str, Any]:
    asked = acme.get("accounts", f"/v1/erasures/{id_}")
    assert asked.status_code == 200, asked.text
    erasure: dict[str, Any] = asked.json()
    return erasure


def _everything(suite: Apart, tenant_id: str) -> str:
    """All that any service has of the tenant, as text."""
    return "\n".join(
        str(document)
        for service in SERVICES
        for name in suite.database(service).list_collection_names()
        for document in suite.database(service)[name].find({"tenant_id": tenant_id})
    )

"""The main job, as a client sees it: created once anywhere, there everywhere (R2)."""

from __future__ import annotations

import concurrent.futures
import secrets
import threading
from typing import Any

import pytest

from tests.support.apart import PLACES, SERVICES, Apart, Client
from tests.support.news import dead_letters
from tests.support.waiting import eventually

ANNA: dict[str, Any] = {"last_name": "Müller", "first_name": "Anna", "email": "anna@acme.example"}


@pytest.fixture
def acme(apart: Apart) -> Client:
    return apart.tenant()


def human(**other: Any) -> dict[str, Any]:
    unique = secrets.token_hex(4)
    return {"last_name": f"Li-{unique}", "first_name": "Wei", "email": f"{unique}@acme.example"} | (
        other
    )


@pytest.mark.parametrize("place", PLACES)
def test_r2_created_in_one_place_appears_in_the_others_under_one_id(
    acme: Client, place: str
) -> None:
    created = acme.create(place, ANNA, headers={"Prefer": "wait=10"})

    assert created.status_code == 201, created.text
    id_ = created.json()["id"]
    for other in PLACES:
        seen = eventually(lambda name=other: acme.sees(name, id_))
        assert seen["id"] == id_
        assert {name: seen[name] for name in ANNA} == ANNA
    eventually(lambda: "Müller,Anna,anna@acme.example" in acme.csv())
    for other in PLACES:
        found = acme.get(other, PLACES[other], params={"q": "muller"}).json()
        assert [item["id"] for item in found["items"]] == [id_]


def test_r2_created_without_waiting_is_pending_first_and_confirmed_soon(acme: Client) -> None:
    created = acme.create("people", ANNA)

    assert created.status_code == 202
    assert created.json()["state"] == "pending"
    location = created.headers["Location"]
    assert location.endswith(created.json()["id"])
    eventually(lambda: acme.get("people", location).json()["state"] == "confirmed")


def test_r7_created_through_scheduling_gets_the_agent_role_and_a_personnel_number(
    acme: Client,
) -> None:
    created = acme.create("scheduling", ANNA, headers={"Prefer": "wait=10"})

    assert created.json()["personnel_number"]
    agent = next(
        role
        for role in acme.get("accounts", "/v1/roles").json()["items"]
        if role["name"] == "Agent"
    )
    assert acme.sees("accounts", created.json()["id"])["roles"] == [agent["id"]]


def test_r7_a_future_join_date_creates_the_user_deactivated(acme: Client) -> None:
    created = acme.create(
        "scheduling", {**ANNA, "join_date": "2199-01-01"}, headers={"Prefer": "wait=10"}
    )

    assert created.status_code == 201, created.text
    assert acme.sees("accounts", created.json()["id"])["status"] == "deactivated"


@pytest.mark.parametrize("place", ["scheduling", "people"])
def test_r6_a_refused_creation_says_why_and_can_be_corrected(acme: Client, place: str) -> None:
    acme.create("accounts", ANNA)

    refused = acme.create(place, ANNA, headers={"Prefer": "wait=10"})

    assert refused.status_code == 409, refused.text
    assert refused.json()["code"] == "email_taken"
    assert "email" in refused.json()["errors"]
    listed = acme.get(place, PLACES[place], params={"state": "rejected"}).json()["items"]
    id_ = listed[0]["id"]
    assert listed[0]["rejection"]["code"] == "email_taken"
    corrected = acme.patch(
        place,
        f"{PLACES[place]}/{id_}",
        json={"email": "anna.2@acme.example"},
        headers={"Prefer": "wait=10"},
    )
    assert corrected.status_code == 200, corrected.text
    assert eventually(lambda: acme.sees("accounts", id_))["email"] == "anna.2@acme.example"


@pytest.mark.parametrize("place", ["scheduling", "people"])
def test_r6_a_refused_creation_can_be_discarded(acme: Client, place: str) -> None:
    acme.create("accounts", ANNA)
    acme.create(place, ANNA, headers={"Prefer": "wait=10"})
    id_ = acme.get(place, PLACES[place], params={"state": "rejected"}).json()["items"][0]["id"]

    discarded = acme.delete(place, f"{PLACES[place]}/{id_}")

    assert discarded.status_code == 204
    assert acme.get(place, f"{PLACES[place]}/{id_}").status_code == 404


@pytest.mark.parametrize("place", ["scheduling", "people"])
def test_r15_an_edit_in_another_place_reaches_accounts_and_comes_back(
    acme: Client, place: str
) -> None:
    id_ = acme.create("accounts", ANNA).json()["id"]
    eventually(lambda: acme.sees(place, id_))

    edited = acme.patch(
        place,
        f"{PLACES[place]}/{id_}",
        json={"last_name": "Schmidt"},
        headers={"Prefer": "wait=10"},
    )

    assert edited.status_code == 200, edited.text
    assert edited.json()["last_name"] == "Schmidt"
    for other in PLACES:
        eventually(lambda name=other: acme.sees(name, id_)["last_name"] == "Schmidt")
    eventually(lambda: "Schmidt,Anna,anna@acme.example" in acme.csv())


def test_r15_an_edit_in_accounts_reaches_every_place(acme: Client) -> None:
    id_ = acme.create("accounts", ANNA).json()["id"]

    acme.patch("accounts", f"/v1/users/{id_}", json={"email": "new@acme.example"})

    for place in PLACES:
        eventually(
            lambda name=place: (acme.sees(name, id_) or {}).get("email") == "new@acme.example"
        )
    eventually(lambda: "Müller,Anna,new@acme.example" in acme.csv())


def test_r1_another_tenant_sees_nothing(acme: Client, apart: Apart) -> None:
    id_ = acme.create("accounts", ANNA).json()["id"]
    for place in PLACES:
        eventually(lambda name=place: acme.sees(name, id_))
    other = apart.tenant()

    for place in PLACES:
        assert other.sees(place, id_) is None
        assert other.get(place, PLACES[place], params={"q": "anna@acme"}).json()["items"] == []
        assert (
            other.patch(place, f"{PLACES[place]}/{id_}", json={"last_name": "X"}).status_code == 404
        )
    assert not any("anna@acme.example" in line for line in other.csv())
    again = other.create("accounts", ANNA)
    assert again.status_code == 201


def test_r13_r14_every_list_and_the_export_show_the_same_people_in_the_same_order(
    acme: Client,
) -> None:
    names = ["Özil", "oz", "Zoë", "van der Berg", "Vander", "Ångström", "Müller", "Mueller", "de"]
    for number, name in enumerate(names):
        place = list(PLACES)[number % 3]
        body = human(last_name=name, email=f"n{number}@acme.example")
        assert acme.create(place, body, headers={"Prefer": "wait=10"}).status_code == 201
    expected = acme.get("accounts", "/v1/users", params={"limit": 200}).json()
    rows = [f"{u['last_name']},{u['first_name']},{u['email']}" for u in expected["items"]]
    assert expected["total"] == len(names) + 1

    for place in PLACES:
        eventually(
            lambda name=place: (
                acme.get(name, PLACES[name], params={"limit": 200}).json()["total"]
                == len(names) + 1
            )
        )
        listed = acme.get(place, PLACES[place], params={"limit": 200}).json()["items"]
        assert [item["id"] for item in listed] == [item["id"] for item in expected["items"]]
    eventually(lambda: acme.csv()[1:] == rows)
    assert acme.csv()[0] == "Last name,First name,Email"
    filtered = acme.get("accounts", "/v1/users", params={"q": "mueller, zoe"}).json()["items"]
    assert len(filtered) == 3
    assert acme.csv(q="mueller, zoe")[1:] == [
        f"{u['last_name']},{u['first_name']},{u['email']}" for u in filtered
    ]


def test_f11_of_simultaneous_creations_of_one_email_one_wins_and_the_rest_say_email_taken(
    acme: Client,
) -> None:
    places = [*list(PLACES) * 33, "accounts"]
    at_once = threading.Barrier(20)

    def create(place: str) -> tuple[str, int, dict[str, Any]]:
        at_once.wait(30)
        response = acme.create(place, ANNA, headers={"Prefer": "wait=30"})
        if response.status_code != 202:
            return place, response.status_code, response.json()
        path = response.headers["Location"]
        answered = eventually(
            lambda: (found := acme.get(place, path).json())["state"] != "pending" and found,
            timeout=30,
        )
        if answered["state"] == "confirmed":
            return place, 201, answered
        return place, 409, answered["rejection"]

    with concurrent.futures.ThreadPoolExecutor(20) as pool:
        outcomes = list(pool.map(create, places))

    assert len(outcomes) == 100
    won = [outcome for outcome in outcomes if outcome[1] == 201]
    lost = [outcome for outcome in outcomes if outcome[1] != 201]
    assert len(won) == 1, won
    assert {(status, body["code"]) for _, status, body in lost} == {(409, "email_taken")}
    assert acme.get("accounts", "/v1/users", params={"q": ANNA["email"]}).json()["total"] == 1
    for place in ("scheduling", "people"):
        rejected = acme.get(place, PLACES[place], params={"state": "rejected", "limit": 200}).json()
        assert rejected["total"] == sum(1 for outcome in lost if outcome[0] == place)
        one = rejected["items"][0]["id"]
        assert acme.delete(place, f"{PLACES[place]}/{one}").status_code == 204


@pytest.mark.long
def test_f11_of_one_email_created_in_all_three_places_at_once_one_wins_a_hundred_times(
    apart: Apart, acme: Client
) -> None:
    rounds = [f"round{number}@acme.example" for number in range(100)]

    with concurrent.futures.ThreadPoolExecutor(3) as pool:
        for email in rounds:
            answers = list(pool.map(lambda place, e=email: _created(acme, place, e), PLACES))  # type: ignore[misc]

            assert sorted(status for status, _ in answers) == [201, 409, 409], answers
            codes = {body["code"] for status, body in answers if status == 409}
            assert codes == {"email_taken"}

    users = acme.get("accounts", "/v1/users", params={"limit": 200}).json()
    assert users["total"] == len(rounds) + 1
    refused = [(place, one) for place in ("scheduling", "people") for one in _refused(acme, place)]
    assert 100 <= len(refused) <= 200
    for number, (place, one) in enumerate(refused):
        path = f"{PLACES[place]}/{one['id']}"
        if number % 2:
            assert acme.delete(place, path).status_code == 204
        else:
            corrected = acme.patch(
                place, path, json={"email": f"c{number}@acme.example"}, headers={"Prefer": "wait=9"}
            )
            assert corrected.status_code == 200, corrected.text
    for place in ("scheduling", "people"):
        assert not _refused(acme, place)
    for service in SERVICES:
        with dead_letters(apart, service) as letters:
            assert letters.count() == 0


def _created(acme: Client, place: str, email: str) -> tuple[int, dict[str, Any]]:
    answer = acme.create(place, {**human(), "email": email}, headers={"Prefer": "wait=20"})
    return answer.status_code, answer.json()


def _refused(acme: Client, place: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = acme.get(
        place, PLACES[place], params={"state": "rejected", "limit": 200}
    ).json()["items"]
    return found

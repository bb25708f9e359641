"""R60-R63: deleted in one place, gone in all, with receipts; and nothing brings anybody back."""

from __future__ import annotations

import io
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import bson
import pytest
import requests
from PIL import Image

from staffroll import bus
from staffroll.bus import Delivery, Message
from staffroll.events import Event
from staffroll.ids import new_id
from tests.support.apart import PASSWORD, PLACES, SERVICES, Apart, Client
from tests.support.waiting import eventually

WAIT = {"Prefer": "wait=20"}


@pytest.fixture
def acme(apart: Apart) -> Client:
    return apart.tenant()


@dataclass(frozen=True)
class Known:
    """Somebody of whom every service knows something.

    Attributes:
        texts: Whatever tells who they are, in lower case.
    """

    id: str
    email: str
    names: dict[str, str]
    texts: tuple[str, ...]


@pytest.mark.parametrize(
    "place",
    [
        pytest.param("accounts", marks=pytest.mark.long),
        "scheduling",
        pytest.param("people", marks=pytest.mark.long),
    ],
)
def test_r63_deleted_in_one_place_means_erased_in_all_and_for_ever(
    acme: Client, place: str
) -> None:
    with _listening(acme) as heard:
        somebody = _live(acme)
        eventually(lambda: len({event.source for event in heard}) == 3)
        said = [event for event in list(heard) if event.subject == somebody.id]
    before = _stored(acme.suite)
    assert [text for text in somebody.texts if text.encode() not in before] == []

    _delete_from(acme, place, somebody)

    _wait_until_erased(acme, somebody)
    _check_gone(acme, somebody)
    _say_again(acme, somebody, said)
    _check_gone(acme, somebody)
    assert acme.get("accounts", f"/v1/erasures/{somebody.id}").json()["is_complete"]
    again = acme.create(place, {**somebody.names, "email": somebody.email}, headers=WAIT)
    assert again.status_code == 201, again.text
    assert again.json()["id"] != somebody.id


@pytest.mark.parametrize("place", ["scheduling", "people"])
def test_r16_the_last_admin_is_deleted_from_nowhere(acme: Client, place: str) -> None:
    admin = acme.get("accounts", "/v1/users").json()["items"][0]["id"]
    path = f"{PLACES[place]}/{admin}"

    answer = acme.delete(place, path, params={"confirm": admin}, headers=WAIT)

    assert (answer.status_code, answer.json()["code"]) == (422, "last_admin")
    assert acme.get(place, path).json()["deletion"]["code"] == "last_admin"
    assert acme.delete(place, f"{path}/deletion").status_code == 204
    assert acme.get(place, path).json()["deletion"] is None


@pytest.mark.long
def test_r62_services_that_are_killed_meanwhile_give_their_receipts_when_they_are_back(
    acme: Client,
) -> None:
    somebody = _live(acme)
    acme.suite.kill("people", "consume")
    try:
        _delete_from(acme, "accounts", somebody)
        acme.suite.kill("scheduling", "consume")
        acme.suite.kill("accounts", "consume")
    finally:
        acme.suite.start_missing()

    _wait_until_erased(acme, somebody)
    _check_gone(acme, somebody)


@pytest.mark.long
def test_r62_a_service_that_was_restored_from_a_backup_is_told_again(acme: Client) -> None:
    somebody = _live(acme)
    people = acme.suite.database("people")["people"]
    [backup] = people.find({"_id": somebody.id})
    _delete_from(acme, "accounts", somebody)
    _wait_until_erased(acme, somebody)
    people.replace_one({"_id": somebody.id, "tenant_id": acme.tenant_id}, backup)
    assert acme.sees("people", somebody.id)

    repaired = acme.suite.try_command("check", "--tenant", acme.tenant_id, "--repair")

    assert repaired.returncode in (0, 1), repaired.stderr + repaired.stdout
    eventually(lambda: acme.sees("people", somebody.id) is None, 30)
    _check_gone(acme, somebody)


def _live(acme: Client) -> Known:
    """Let somebody do, and others do to them, whatever leaves a trace."""
    token = secrets.token_hex(5)
    names = {"last_name": f"Quixadera{token}", "first_name": f"Dulcinea{token}"}
    email = f"toboso{token}@mancha.example"
    number = f"P-{token}"
    joined = (datetime.now(UTC) - timedelta(days=30)).date().isoformat()
    created = acme.create(
        "scheduling",
        {**names, "email": email, "personnel_number": number, "join_date": joined},
        headers={**WAIT, "Idempotency-Key": new_id()},
    )
    assert created.status_code == 201, created.text
    id_ = str(created.json()["id"])
    for other in PLACES:
        eventually(lambda name=other: acme.sees(name, id_))
    profile = _profile(token)
    _done(acme.patch("people", f"/v1/people/{id_}", json=profile, headers=WAIT))
    _done(
        acme.request(
            "PUT",
            "people",
            f"/v1/people/{id_}/photo",
            data=_photo(),
            headers={"Content-Type": "image/png"},
        )
    )
    _work(acme, id_, token)
    _sign_in_and_out(acme, id_, email, token)
    _files(acme, names, email)
    _done(acme.post("accounts", f"/v1/users/{id_}/invitations"))
    texts = [*names.values(), email, number, *_texts_of(profile), f"note{token}", f"agent{token}"]
    return Known(id_, email, names, tuple(text.lower() for text in texts))


def _profile(token: str) -> dict[str, Any]:
    phone = f"+4930{int(token, 16) % 10_000_000:07d}"
    return {
        "title": f"Princess{token}",
        "private_phone": phone,
        "address": {"country": "ES", "street": f"Calle{token}", "city": f"Toboso{token}"},
        "emergency_contact": {"name": f"Sancho{token}", "phone": phone},
        "notes": f"Notes{token}",
    }


def _texts_of(profile: dict[str, Any]) -> Iterator[str]:
    for value in profile.values():
        if isinstance(value, dict):
            yield from (text for text in _texts_of(value) if len(text) > 2)
        else:
            yield value


def _photo() -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (64, 64), (200, 10, 10)).save(out, "PNG")
    return out.getvalue()


def _work(acme: Client, id_: str, token: str) -> None:
    """Shifts: some are over, one is running, some lie ahead."""
    now = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
    for hours in (-24 * 8, -24 * 2, -1, 24 * 2, 24 * 20):
        start = now + timedelta(hours=hours)
        shift = {
            "employee_id": id_,
            "start": start.isoformat(),
            "end": (start + timedelta(hours=6)).isoformat(),
            "note": f"note{token}",
        }
        _done(acme.post("scheduling", "/v1/shifts", json=shift))
    times = {"items": [{"weekday": "monday", "from": "09:00", "to": "17:00"}]}
    _done(acme.request("PUT", "scheduling", f"/v1/employees/{id_}/availabilities", json=times))


def _sign_in_and_out(acme: Client, id_: str, email: str, token: str) -> None:
    chosen = {"password": PASSWORD}
    _done(acme.request("PUT", "accounts", f"/v1/users/{id_}/password", json=chosen))
    signed_in = requests.post(
        f"{acme.suite.url('accounts')}/v1/sign-in",
        json={"tenant": acme.tenant_id, "email": email, **chosen},
        headers={"User-Agent": f"agent{token}"},
        timeout=40,
    )
    assert signed_in.status_code == 200, signed_in.text
    themselves = Client(acme.suite, acme.tenant_id, email)
    _done(themselves.patch("accounts", "/v1/me", json={"language": "de"}))
    eventually(lambda: themselves.post("scheduling", "/v1/me/calendar").ok)


def _files(acme: Client, names: dict[str, str], email: str) -> None:
    """An import and an export that hold them, the search for them included."""
    text = "\r\n".join(
        ["Last name,First name,Email", f"{names['last_name']},{names['first_name']},{email}", ""]
    )
    _done(
        acme.post(
            "accounts",
            "/v1/imports",
            params={"dry_run": "true"},
            data=text.encode(),
            headers={"Content-Type": "text/csv"},
        )
    )
    wanted = {"format": "csv", "q": names["last_name"]}
    eventually(lambda: any(email in line for line in acme.csv(q=names["last_name"])))
    job = _done(acme.post("export", "/v1/exports", json=wanted)).json()["id"]
    eventually(lambda: acme.get("export", f"/v1/exports/{job}").json()["state"] == "done", 30)
    file = acme.get("export", f"/v1/exports/{job}/file")
    assert email in file.text, file.text


def _done(answer: requests.Response) -> requests.Response:
    assert answer.ok, answer.text
    return answer


def _delete_from(acme: Client, place: str, somebody: Known) -> None:
    path = f"{PLACES[place]}/{somebody.id}"
    asked = acme.delete(place, path)
    assert asked.status_code == 428, asked.text
    assert asked.json()["would_lose"]["roles"] == 1
    if place != "people":
        eventually(lambda: acme.delete(place, path).json()["would_lose"]["future_shifts"] == 3)
    deleted = acme.delete(place, path, params={"confirm": somebody.id}, headers=WAIT)
    assert deleted.status_code == 204, deleted.text


def _missing(acme: Client, somebody: Known) -> list[str]:
    erasure = acme.get("accounts", f"/v1/erasures/{somebody.id}").json()
    return [one["service"] for one in erasure["services"] if one["erased_at"] is None]


def _wait_until_erased(acme: Client, somebody: Known) -> None:
    eventually(lambda: not _missing(acme, somebody), 60)


def _check_gone(acme: Client, somebody: Known) -> None:
    for place, path in PLACES.items():
        assert acme.get(place, f"{path}/{somebody.id}").status_code == 404
        assert acme.get(place, path, params={"q": somebody.email}).json()["total"] == 0
    for status in ("billed", "unbilled"):
        assert acme.csv(q=somebody.email, status=status) == ["Last name,First name,Email"]
    signed_in = requests.post(
        f"{acme.suite.url('accounts')}/v1/sign-in",
        json={"tenant": acme.tenant_id, "email": somebody.email, "password": PASSWORD},
        timeout=40,
    )
    assert signed_in.status_code == 401
    eventually(lambda: _left(acme.suite, somebody) == [], 30)
    _check_shifts(acme, somebody)
    [mails] = acme.suite.database("accounts")["users"].find({"_id": somebody.id}, {"mails": 1})
    assert mails["mails"] == []


def _check_shifts(acme: Client, somebody: Known) -> None:
    """Those that were over stay, with nobody's name."""
    now = datetime.now(UTC)
    asked = {
        "from": (now - timedelta(days=30)).isoformat(),
        "to": (now + timedelta(days=30)).isoformat(),
        "employee": somebody.id,
    }
    shifts = _done(acme.get("scheduling", "/v1/shifts", params=asked)).json()["items"]
    assert len(shifts) == 2
    assert {shift["employee_name"] for shift in shifts} == {"***"}
    assert all(datetime.fromisoformat(shift["end"]) <= now for shift in shifts)


def _left(suite: Apart, somebody: Known) -> list[str]:
    stored = _stored(suite)
    return [text for text in somebody.texts if text.encode() in stored]


def _stored(suite: Apart) -> bytes:
    """Everything in every database of the suite, in lower case."""
    documents: list[bytes] = []
    for service in SERVICES:
        database = suite.database(service)
        for name in database.list_collection_names():
            documents += [bson.encode(one) for one in database[name].find({})]
    return b"".join(documents).lower()


@contextmanager
def _listening(acme: Client) -> Iterator[list[Event]]:
    """What everybody says of the tenant meanwhile."""
    heard: list[Event] = []

    def deliver(delivery: Delivery) -> None:
        heard.append(Event.from_json(delivery.body))
        delivery.ack()

    broker = _broker(acme.suite)
    queue = f"listening.{new_id()}"
    broker.open_queue(queue, [f"{acme.tenant_id}.#"])
    receiver = broker.receiver([queue], deliver)
    try:
        yield heard
    finally:
        receiver.stop()
        broker.close_queue(queue)
        broker.close()


def _say_again(acme: Client, somebody: Known, said: list[Event]) -> None:
    """All that was ever said of them, and all that was ever wished, comes once more, late."""
    broker = _broker(acme.suite)
    fields = {**somebody.names, "email": somebody.email}
    wishes: list[tuple[str, dict[str, Any]]] = [
        ("user.requested", {"attempt": 1, **fields}),
        ("user.change-requested", {"attempt": 1, "base_version": 1, "fields": fields}),
        ("user.deletion-requested", {"confirm": somebody.id}),
    ]
    try:
        broker.publish([Message.event(event) for event in said])
        broker.publish(
            Message.request(
                Event(kind, "people", acme.tenant_id, somebody.id, 1, data, request_id=new_id()),
                "accounts",
            )
            for kind, data in wishes
        )
        names = [f"{service}.{kind}" for service in SERVICES for kind in ("events", "requests")]
        eventually(lambda: sum(broker.waiting(name) for name in names) == 0, 30)
        assert [broker.dead_letters(service).count() for service in SERVICES] == [0] * 4
    finally:
        broker.close()


def _broker(suite: Apart) -> bus.Broker:
    url = suite.environ["STAFFROLL_BROKER_URL"]
    return bus.connect(url, prefix=suite.environ["STAFFROLL_BROKER_PREFIX"], name="listening")

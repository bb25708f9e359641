"""The drill: each service is put back to an earlier time, and all are in step again."""

from __future__ import annotations

import secrets
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from staffroll.local import Mongod
from tests.support.apart import PASSWORD, PLACES, Apart, Client, all_running
from tests.support.rabbitmq import RabbitNode
from tests.support.waiting import eventually

WAIT = {"Prefer": "wait=20"}
Dump = dict[str, list[dict[str, Any]]]


@pytest.fixture(scope="module")
def suite(
    mongod: Mongod, rabbitmq: RabbitNode, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Apart]:
    with all_running(mongod.uri, rabbitmq.url, tmp_path_factory.mktemp("restored")) as running:
        yield running


@pytest.fixture
def acme(suite: Apart) -> Client:
    return suite.tenant()


class Human:
    """Somebody whom every service knows."""

    def __init__(self, acme: Client, place: str = "accounts", email: str = "") -> None:
        unique = secrets.token_hex(4)
        self.name = f"Quijano{unique}"
        self.email = email or f"{unique}@mancha.example"
        body = {"last_name": self.name, "first_name": "Alonso", "email": self.email}
        created = acme.create(place, body, headers=WAIT)
        assert created.status_code == 201, created.text
        self.id = str(created.json()["id"])
        for other in PLACES:
            eventually(lambda name=other: acme.sees(name, self.id), 30)
        eventually(lambda: self.rows(acme), 30)

    def rows(self, acme: Client) -> list[str]:
        """Of the export, in both tabs."""
        found = acme.csv(q=self.email) + acme.csv(q=self.email, status="unbilled")
        return [row for row in found if row.endswith(f",{self.email}")]


@pytest.mark.long
def test_accounts_put_back_takes_back_what_was_told_and_buries_who_was_deleted(
    suite: Apart, acme: Client, tmp_path: Path
) -> None:
    moved, gone, left, idle = (Human(acme) for _ in range(4))
    dump = backup(suite, "accounts")
    old_email, moved.email = moved.email, f"moved-{moved.email}"
    change(acme, "accounts", moved.id, email=moved.email, first_name="Pedro")
    heir = Human(acme, "people", email=old_email)
    helper = Human(acme)
    change(acme, "accounts", helper.id, is_admin=True)
    brief = Human(acme)
    delete(acme, gone, brief)
    leave(acme, left)

    restored(suite, "accounts", dump, tmp_path)

    acme = Client(suite, acme.tenant_id, acme.email)
    for one in (moved, heir, helper, left, idle):
        eventually(lambda one=one: agree(acme, one.id), 30)
    assert acme.sees("accounts", moved.id)["email"] == moved.email
    assert acme.sees("people", moved.id)["first_name"] == "Pedro"
    assert acme.sees("accounts", heir.id)["email"] == old_email
    assert acme.sees("accounts", helper.id)["is_admin"] is True
    eventually(lambda: acme.sees("accounts", left.id)["status"] == "deactivated", 30)
    are_gone(acme, gone, brief)
    assert [len(one.rows(acme)) for one in (moved, heir, helper, left, idle)] == [1] * 5
    again = acme.create("accounts", {"last_name": "X", "first_name": "Y", "email": old_email})
    assert (again.status_code, again.json()["code"]) == (409, "email_taken")
    change(acme, "accounts", idle.id, first_name="Rocinante")
    eventually(lambda: agree(acme, idle.id), 30)
    deactivate_and_back(acme, idle)
    assert "unbroken" in suite.command("audit", "verify", "--tenant", acme.tenant_id)


@pytest.mark.long
def test_a_tenant_that_was_made_meanwhile_is_made_again_and_gets_its_users_back(
    suite: Apart, tmp_path: Path
) -> None:
    dump = backup(suite, "accounts")
    acme = suite.tenant()
    somebody = Human(acme)
    email = f"again@{acme.tenant_id}.example"

    def make_again() -> None:
        arguments = ("tenant", "create", acme.tenant_id, "--admin-email", email)
        suite.command(*arguments, "--admin-password-stdin", text=f"{PASSWORD}\n")

    restored(suite, "accounts", dump, tmp_path, make_again)

    again = Client(suite, acme.tenant_id, email)
    eventually(lambda: agree(again, somebody.id), 30)
    assert len(somebody.rows(again)) == 1
    users = again.get("accounts", "/v1/users").json()["items"]
    assert {one["email"] for one in users if one["is_admin"]} == {acme.email, email}


@pytest.mark.long
def test_scheduling_put_back_lets_nobody_in_and_nobody_out(
    suite: Apart, acme: Client, tmp_path: Path
) -> None:
    gone, left, idle = (Human(acme, "scheduling") for _ in range(3))
    dump = backup(suite, "scheduling")
    new = Human(acme, "scheduling")
    change(acme, "accounts", idle.id, first_name="Rocinante")
    change(acme, "scheduling", idle.id, personnel_number=f"P-{secrets.token_hex(4)}")
    delete(acme, gone)
    leave(acme, left)
    leave(acme, new)

    restored(suite, "scheduling", dump, tmp_path)

    for one in (left, idle, new):
        eventually(lambda one=one: agree(acme, one.id), 30)
    assert acme.sees("scheduling", idle.id)["first_name"] == "Rocinante"
    for one in (left, new):
        assert acme.sees("accounts", one.id)["status"] == "deactivated"
        assert acme.sees("scheduling", one.id)["status"] == "not_employed"
    are_gone(acme, gone)
    deactivate_and_back(acme, idle)
    back = acme.post(
        "scheduling", f"/v1/employees/{new.id}/memberships", json={"join_date": today()}
    )
    assert back.status_code == 201, back.text
    eventually(lambda: acme.sees("accounts", new.id)["status"] == "active", 30)


@pytest.mark.long
@pytest.mark.parametrize("service", ["people", "export"])
def test_a_follower_put_back_hears_of_all_that_happened_meanwhile(
    suite: Apart, acme: Client, tmp_path: Path, service: str
) -> None:
    gone, idle = Human(acme, "people"), Human(acme, "people")
    dump = backup(suite, service)
    new = Human(acme, "people")
    change(acme, "accounts", idle.id, last_name=f"Panza{secrets.token_hex(4)}")
    delete(acme, gone)

    restored(suite, service, dump, tmp_path)

    for one in (idle, new):
        eventually(lambda one=one: agree(acme, one.id), 30)
        assert len(one.rows(acme)) == 1
    are_gone(acme, gone)


def backup(suite: Apart, service: str) -> Dump:
    """Everything that the service has, as `mongodump` would take it while nothing changes."""
    database = suite.database(service)
    return {name: list(database[name].find({})) for name in database.list_collection_names()}


def restored(
    suite: Apart, service: str, dump: Dump, folder: Path, first: Callable[[], object] = lambda: None
) -> None:
    """Put the service back and call `staffroll restore`, step by step as the docs say.

    Args:
        first: Done before it is called.
    """
    for role in ("serve", "consume"):
        suite.stop(service, role)
    database = suite.database(service)
    for name in database.list_collection_names():
        database.drop_collection(name)
    for name, documents in dump.items():
        if documents:
            database[name].insert_many(documents)
    first()
    output = folder / "restore.log"
    with output.open("wb") as file:
        command = subprocess.Popen(
            [sys.executable, "-m", "staffroll.cli", "restore", service],
            env=suite.environ,
            stdout=file,
            stderr=subprocess.STDOUT,
        )
        try:
            eventually(
                lambda: f"Start {service} now" in output.read_text() or command.poll() is not None,
                60,
            )
            suite.start_missing()
            command.wait(90)
        finally:
            command.kill()
            command.wait()
    assert command.returncode == 0, output.read_text()


def change(acme: Client, service: str, id_: str, **changes: Any) -> None:
    if "is_admin" in changes or "email" in changes:
        stepped = acme.post("accounts", "/v1/me/step-up", json={"password": PASSWORD})
        assert stepped.ok, stepped.text
    done = acme.patch(service, f"{PLACES[service]}/{id_}", json=changes)
    assert done.ok, done.text
    eventually(lambda: agree(acme, id_), 30)


def delete(acme: Client, *humans: Human) -> None:
    for one in humans:
        done = acme.delete("accounts", f"/v1/users/{one.id}", params={"confirm": one.id})
        assert done.status_code == 204, done.text
    for one in humans:
        eventually(lambda one=one: is_erased(acme, one), 60)


def leave(acme: Client, human: Human) -> None:
    newest = f"/v1/employees/{human.id}/memberships/current"
    left = acme.patch("scheduling", newest, json={"leave_date": today()})
    assert left.ok, left.text
    eventually(lambda: acme.sees("accounts", human.id)["status"] == "deactivated", 30)


def deactivate_and_back(acme: Client, human: Human) -> None:
    """Memberships and users still follow each other."""
    leave(acme, human)
    joined = {"join_date": today()}
    back = acme.post("scheduling", f"/v1/employees/{human.id}/memberships", json=joined)
    assert back.status_code == 201, back.text
    eventually(lambda: acme.sees("accounts", human.id)["status"] == "active", 30)


def today() -> str:
    return datetime.now(UTC).date().isoformat()


def is_erased(acme: Client, human: Human) -> bool:
    erasure = acme.get("accounts", f"/v1/erasures/{human.id}").json()
    return bool(erasure["is_complete"])


def agree(acme: Client, id_: str) -> bool:
    """Whether all three places show the same of what accounts owns."""
    seen = [acme.sees(place, id_) for place in PLACES]
    names = ("first_name", "last_name", "email", "is_admin")
    return all(seen) and len({tuple(one[name] for name in names) for one in seen if one}) == 1


def are_gone(acme: Client, *humans: Human) -> None:
    for one in humans:
        eventually(lambda one=one: is_erased(acme, one), 60)
        assert [acme.sees(place, one.id) for place in PLACES] == [None] * 3
        assert one.rows(acme) == []

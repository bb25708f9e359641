"""Whatever anybody does with people, in whichever place: all services end as a small model says."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    initialize,
    multiple,
    precondition,
    rule,
    run_state_machine_as_test,
)

from tests.support.apart import PLACES, SERVICES, Apart, Client
from tests.support.waiting import eventually

WAIT = {"Prefer": "wait=20"}
NAMES = st.sampled_from(["Berg", "Tal", "Müller"])
MAILBOXES = st.integers(0, 5)
TOMORROW = datetime.now(UTC).replace(minute=0, second=0, microsecond=0) + timedelta(days=1)


@dataclass
class Human:
    """What every place should know of somebody."""

    id: str
    last_name: str
    email: str
    is_active: bool = True
    shifts: set[int] = field(default_factory=set)

    def seen(self) -> tuple[str, str, str]:
        return (self.last_name, self.email, "active" if self.is_active else "deactivated")


class Lives(RuleBasedStateMachine):
    """One tenant, whose people are created, changed, dismissed, taken back and deleted."""

    suite: ClassVar[Apart]
    humans = Bundle("humans")

    @initialize()
    def found(self) -> None:
        self.acme: Client = self.suite.tenant()
        admin = self.acme.get("accounts", "/v1/users").json()["items"][0]
        self.alive: dict[str, Human] = {
            admin["id"]: Human(admin["id"], admin["last_name"], admin["email"])
        }
        self.admin = admin["id"]
        self.deleted: set[str] = set()
        self.has_lost = False

    @rule(target=humans, place=st.sampled_from(list(PLACES)), name=NAMES, mailbox=MAILBOXES)
    def create(self, place: str, name: str, mailbox: int) -> Any:
        email = self._email(mailbox)
        body = {"last_name": name, "first_name": "Bo", "email": email}

        created = self.acme.create(place, body, headers=WAIT)

        if self._is_taken(email):
            assert (created.status_code, created.json()["code"]) == (409, "email_taken")
            if place != "accounts":
                self._discard(place, email)
            return multiple()
        assert created.status_code == 201, created.text
        human = Human(created.json()["id"], name, email)
        self.alive[human.id] = human
        return human.id

    @rule(place=st.sampled_from(list(PLACES)), id_=humans, name=NAMES)
    def rename(self, place: str, id_: str, name: str) -> None:
        human = self._at(place, id_)
        if human is None:
            return

        changed = self._patch(place, human, {"last_name": name})

        assert changed.status_code == 200, changed.text
        human.last_name = name

    @rule(place=st.sampled_from(list(PLACES)), id_=humans, mailbox=MAILBOXES)
    def move(self, place: str, id_: str, mailbox: int) -> None:
        human = self._at(place, id_)
        if human is None:
            return
        email = self._email(mailbox)
        is_taken = self._is_taken(email) and human.email != email

        changed = self._patch(place, human, {"email": email})

        assert changed.status_code == (409 if is_taken else 200), changed.text
        if not is_taken:
            human.email = email

    @rule(id_=humans, keeps=st.booleans())
    def leave(self, id_: str, keeps: bool) -> None:
        human = self._at("scheduling", id_)
        if human is None:
            return
        employee = self.acme.get("scheduling", f"/v1/employees/{id_}").json()
        today = _today(employee)

        left = self.acme.patch(
            "scheduling",
            f"/v1/employees/{id_}/memberships/current",
            json={"leave_date": today, "future_shifts": "keep" if keeps else "delete"},
        )

        assert left.status_code == (200 if human.is_active else 409), left.text
        if human.is_active:
            human.is_active = False
            human.shifts = human.shifts if keeps else set()

    @rule(id_=humans)
    def come_back(self, id_: str) -> None:
        human = self._at("scheduling", id_)
        if human is None:
            return
        employee = self.acme.get("scheduling", f"/v1/employees/{id_}").json()

        back = self.acme.post(
            "scheduling",
            f"/v1/employees/{id_}/memberships",
            json={"join_date": _today(employee)},
        )

        assert back.status_code == (409 if human.is_active else 201), back.text
        human.is_active = True

    @rule(id_=humans, day=st.integers(0, 3))
    def work(self, id_: str, day: int) -> None:
        human = self._at("scheduling", id_)
        if human is None:
            return
        start = TOMORROW + timedelta(days=day)
        body = {
            "employee_id": id_,
            "start": start.isoformat(),
            "end": (start + timedelta(hours=8)).isoformat(),
        }

        made = self.acme.post("scheduling", "/v1/shifts", json=body)

        is_free = human.is_active and day not in human.shifts
        assert made.status_code == (201 if is_free else 409), made.text
        if is_free:
            human.shifts.add(day)

    @rule(place=st.sampled_from(list(PLACES)), id_=humans)
    def delete(self, place: str, id_: str) -> None:
        if self._at(place, id_) is None:
            return

        gone = self.acme.delete(
            place, f"{PLACES[place]}/{id_}", params={"confirm": id_}, headers=WAIT
        )

        assert gone.status_code == 204, gone.text
        del self.alive[id_]
        self.deleted.add(id_)

    @precondition(lambda self: not self.has_lost)
    @rule(service=st.sampled_from(["people", "export"]))
    def lose_a_database_and_restore_from_the_snapshot(self, service: str) -> None:
        self.has_lost = True
        self._wait_until_all_agree()
        name = {"people": "people", "export": "rows"}[service]
        self.suite.database(service)[name].delete_many(
            {"tenant_id": self.acme.tenant_id, "_id": {"$ne": self.admin}}
        )
        self.suite.command("events", "replay", "--to", service, "--tenant", self.acme.tenant_id)

    def teardown(self) -> None:
        if not hasattr(self, "alive"):
            return
        self._wait_until_all_agree()
        for human in self.alive.values():
            assert self._shifts(human.id) == human.shifts
        for id_ in self.deleted:
            for place in PLACES:
                assert self.acme.get(place, f"{PLACES[place]}/{id_}").status_code == 404

    def _wait_until_all_agree(self) -> None:
        for place in PLACES:
            with _telling(self.alive):
                eventually(lambda name=place: self._listed(name) == self._expected(), timeout=30)
        billed = sorted(f"{one.last_name},{one.email}" for one in self._active())
        eventually(lambda: sorted(map(_without_first_name, self.acme.csv()[1:])) == billed)

    def _expected(self) -> dict[str, tuple[str, str, str]]:
        return {id_: human.seen() for id_, human in self.alive.items()}

    def _active(self) -> list[Human]:
        return [human for human in self.alive.values() if human.is_active]

    def _listed(self, place: str) -> dict[str, tuple[str, str, str]]:
        tabs = [{"status": "billed"}, {"status": "unbilled"}] if place == "accounts" else [{}]
        pages = [self.acme.get(place, PLACES[place], params={**tab, "limit": 200}) for tab in tabs]
        name = "status" if place == "accounts" else "user_status"
        return {
            one["id"]: (one["last_name"], one["email"], one[name])
            for page in pages
            for one in page.json()["items"]
        }

    def _at(self, place: str, id_: str) -> Human | None:
        """Somebody who lives, once the place knows them as they are."""
        human = self.alive.get(id_)
        if human is not None:
            eventually(lambda: self._seen(place, id_) == human.seen(), timeout=30)
        return human

    def _seen(self, place: str, id_: str) -> tuple[str, str, str] | None:
        one = self.acme.sees(place, id_)
        if one is None:
            return None
        return (one["last_name"], one["email"], one.get("user_status") or one["status"])

    def _patch(self, place: str, human: Human, changes: dict[str, str]) -> Any:
        return self.acme.patch(place, f"{PLACES[place]}/{human.id}", json=changes, headers=WAIT)

    def _discard(self, place: str, email: str) -> None:
        refused = self.acme.get(place, PLACES[place], params={"state": "rejected"}).json()["items"]
        for one in refused:
            assert one["email"] == email
            path = f"{PLACES[place]}/{one['id']}"
            assert self.acme.delete(place, path).status_code == 204

    def _shifts(self, id_: str) -> set[int]:
        asked = self.acme.get(
            "scheduling",
            "/v1/shifts",
            params={
                "from": TOMORROW.isoformat(),
                "to": (TOMORROW + timedelta(days=10)).isoformat(),
                "employee": id_,
            },
        )
        starts = [datetime.fromisoformat(one["start"]) for one in asked.json()["items"]]
        return {(start - TOMORROW).days for start in starts}

    def _email(self, mailbox: int) -> str:
        return f"box{mailbox}@{self.acme.tenant_id}.example"

    def _is_taken(self, email: str) -> bool:
        return any(human.email == email for human in self.alive.values())


@contextmanager
def _telling(alive: dict[str, Human]) -> Iterator[None]:
    try:
        yield
    except AssertionError as error:
        raise AssertionError(f"{error}\nexpected: {alive}") from error


def _today(employee: dict[str, Any]) -> str:
    """The day where they are: that on which everybody here has joined last, or that of now."""
    joined = employee["join_date"]
    assert joined is not None
    return str(joined)


def _without_first_name(line: str) -> str:
    last, _, email = line.split(",")
    return f"{last},{email}"


def test_r2_r50_r63_all_services_end_as_a_small_model_says(apart: Apart) -> None:
    _run(apart, examples=3, steps=20)


@pytest.mark.long
def test_r2_r50_r63_all_services_end_as_a_small_model_says_for_long(apart: Apart) -> None:
    _run(apart, examples=25, steps=40)


def _run(apart: Apart, *, examples: int, steps: int) -> None:
    machine = type("LivesHere", (Lives,), {"suite": apart})
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=examples,
            stateful_step_count=steps,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
    for service in SERVICES:
        assert f"{service}: 0" in apart.command("dead-letters", "list", "--service", service)

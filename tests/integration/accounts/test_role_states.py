"""Roles and admin access, by anybody, in any order: against a small model (hypothesis)."""

from __future__ import annotations

from typing import ClassVar, Final

import hypothesis
import pytest
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from staffroll.ids import new_id
from tests.support.accounts import Accounts, Answer, Tenant

READ: Final = "accounts.roles:read"
EDIT: Final = "accounts.roles:edit"
USERS: Final = "accounts.users:edit"
POOL: Final = (READ, EDIT, USERS, "accounts.audit:read")

people = st.integers(min_value=0, max_value=2)
numbers = st.integers(min_value=0, max_value=50)
permissions = st.sets(st.sampled_from(POOL))


class Giving(RuleBasedStateMachine):
    """Three users, of whom one begins as the admin; whoever acts, the model says what happens."""

    accounts: ClassVar[Accounts]

    @initialize()
    def begin(self) -> None:
        self.tenant: Tenant = self.accounts.tenant()
        others = [self.tenant.create()["id"] for _ in range(2)]
        self.users = [self.tenant.admin_id, *others]
        self.admins = {self.tenant.admin_id}
        self.has: dict[str, set[str]] = {user: set() for user in self.users}
        self.allows: dict[str, set[str]] = {}

    def _may(self, user: str) -> set[str]:
        given = (self.allows[role] for role in self.has[user])
        return set(POOL) if user in self.admins else set().union(*given)

    def _as(self, user: str, method: str, path: str, json: object = None) -> Answer:
        generation = self.tenant.document(user)["token_generation"]
        token = self.accounts.token(self.tenant.id, user, generation=generation)
        return self.accounts.send(method, path, token, json=json)

    def _refused(self, actor: str, needed: str, adds: set[str], answer: Answer) -> bool:
        """Whether the model refuses, and so does the service, for the same reason."""
        if needed not in self._may(actor):
            assert (answer.status_code, answer.json["code"]) == (403, "forbidden")
            return True
        if not adds <= self._may(actor):
            assert (answer.status_code, answer.json["code"]) == (422, "role_not_yours")
            return True
        return False

    def _role(self, number: int) -> str:
        return sorted(self.allows)[number % len(self.allows)]

    @rule(who=people, whom=people, is_admin=st.booleans())
    def change_admin_access(self, who: int, whom: int, *, is_admin: bool) -> None:
        actor, user = self.users[who], self.users[whom]

        answer = self._as(actor, "PATCH", f"/v1/users/{user}", {"is_admin": is_admin})

        if self._refused(actor, USERS, set(), answer):
            return
        if is_admin == (user in self.admins):
            assert answer.status_code == 200, answer.text
        elif actor not in self.admins:
            assert answer.json["code"] == "role_not_yours"
        elif self.admins == {user}:
            assert answer.json["code"] == "last_admin"
        else:
            assert answer.status_code == 200, answer.text
            self.admins ^= {user}

    @rule(who=people, allows=permissions)
    def create_a_role(self, who: int, allows: set[str]) -> None:
        body = {"name": new_id(), "category": "other", "permissions": sorted(allows)}

        answer = self._as(self.users[who], "POST", "/v1/roles", body)

        if not self._refused(self.users[who], EDIT, allows, answer):
            self.allows[answer.json["id"]] = set(allows)

    @precondition(lambda self: self.allows)
    @rule(who=people, number=numbers, allows=permissions)
    def edit_a_role(self, who: int, number: int, allows: set[str]) -> None:
        actor, role = self.users[who], self._role(number)

        answer = self._as(actor, "PATCH", f"/v1/roles/{role}", {"permissions": sorted(allows)})

        if not self._refused(actor, EDIT, allows - self.allows[role], answer):
            assert answer.status_code == 200, answer.text
            self.allows[role] = set(allows)

    @precondition(lambda self: self.allows)
    @rule(who=people, whom=people, chosen=st.sets(numbers, max_size=3))
    def give_roles(self, who: int, whom: int, chosen: set[int]) -> None:
        actor, user = self.users[who], self.users[whom]
        roles = {self._role(number) for number in chosen}
        adds = set().union(*(self.allows[role] for role in roles - self.has[user]))

        answer = self._as(actor, "PATCH", f"/v1/users/{user}", {"roles": sorted(roles)})

        if not self._refused(actor, USERS, adds, answer):
            assert answer.status_code == 200, answer.text
            self.has[user] = roles

    @precondition(lambda self: self.allows)
    @rule(who=people, number=numbers, instead=st.none() | numbers, said=st.integers(0, 3))
    def delete_a_role(self, who: int, number: int, instead: int | None, said: int) -> None:
        actor, role = self.users[who], self._role(number)
        holders = [user for user in self.users if role in self.has[user]]
        other = None if instead is None else self._role(instead)
        query = f"remove_from={said}" if other is None else f"replace_with={other}"

        answer = self._as(actor, "DELETE", f"/v1/roles/{role}?{query}")

        needs = set() if other in (None, role) else self.allows[str(other)]
        if other == role and EDIT in self._may(actor):
            assert answer.json["code"] == "replacement_unknown"
        elif self._refused(actor, EDIT, needs, answer):
            return
        elif other is None and said != len(holders):
            assert answer.json["code"] == "role_in_use"
        else:
            assert answer.status_code == 204, answer.text
            for user in holders:
                self.has[user] = (self.has[user] - {role}) | ({other} if other else set())
            del self.allows[role]

    @invariant()
    def everybody_has_what_the_model_says(self) -> None:
        for user in self.users:
            stored = self.tenant.document(user)
            assert stored["is_admin"] is (user in self.admins)
            assert set(stored["roles"]) == self.has[user]

    @invariant()
    def everybody_may_what_the_model_says(self) -> None:
        for user in self.users:
            answer = self._as(user, "GET", "/v1/roles")
            assert answer.status_code == (200 if READ in self._may(user) else 403)

    @invariant()
    def there_is_an_admin_and_all_are_counted(self) -> None:
        tenants = self.accounts.runtime.platform["tenants"]
        counted = tenants.find_one({"_id": self.tenant.id})
        assert counted is not None
        assert set(counted["admins"]) == self.admins
        assert self.admins


@pytest.fixture
def machine(accounts: Accounts) -> type[Giving]:
    Giving.accounts = accounts
    return Giving


@pytest.mark.parametrize("lives", [4, pytest.param(40, marks=pytest.mark.long)])
def test_r16_r72_whatever_anybody_gives_or_takes_ends_as_a_small_model_says(
    machine: type[Giving], lives: int
) -> None:
    run_state_machine_as_test(
        machine,
        settings=hypothesis.settings(
            max_examples=lives,
            stateful_step_count=30,
            deadline=None,
            database=None,
            suppress_health_check=list(hypothesis.HealthCheck),
        ),
    )

"""The pages of roles, as a browser without scripts goes through them."""

from __future__ import annotations

import importlib
import re
import threading
from typing import Any, Final

import pytest
from pymongo.collection import Collection

from staffroll import permissions
from staffroll.ids import new_id
from staffroll.plugins import Objection, RoleChange
from staffroll_accounts.pages.role_units import UnitNames, unit_names
from tests.support.accounts import Accounts, Tenant
from tests.support.page_client import PageClient
from tests.support.plugins import installed, module
from tests.support.signed_in import entered, with_role

EVIL: Final = "<img src=x onerror=alert(1)>"
USERS: Final = "accounts.users:read"
READ: Final = "accounts.roles:read"
EDIT: Final = "accounts.roles:edit"
BERLIN: Final = new_id()
MADRID: Final = new_id()


@pytest.fixture
def admin(tenant: Tenant) -> PageClient:
    return entered(tenant)


def a_role(tenant: Tenant, **changes: Any) -> dict[str, Any]:
    answer = tenant.post("/v1/roles", {"name": new_id(), "category": "other", **changes})
    assert answer.status_code == 201, answer.json
    made: dict[str, Any] = answer.json
    return made


def stored(tenant: Tenant, role_id: str) -> dict[str, Any]:
    found: dict[str, Any] = tenant.get(f"/v1/roles/{role_id}").json
    return found


def roles_of(tenant: Tenant, user: dict[str, Any]) -> list[str]:
    found: list[str] = tenant.document(user["id"])["roles"]
    return found


def ticked(browser: PageClient, name: str = "permissions") -> list[str]:
    boxes = re.findall(rf'<input[^>]*name="{name}"[^>]*>', browser.page.text)
    return [re.findall(r'value="([^"]*)"', box)[0] for box in boxes if " checked" in box]


def link_to(role: dict[str, Any], status: str = "") -> str:
    return f'href="/users?role={role["id"]}{status}"'


def test_the_list_counts_who_has_each_role_and_leads_to_them(
    admin: PageClient, tenant: Tenant
) -> None:
    role = a_role(tenant, name=EVIL, category="planner", description=EVIL)
    nobodys = a_role(tenant)
    gone, *_others = [tenant.create(roles=[role["id"]]) for _ in range(3)]
    tenant.accounts.runtime.tenant(tenant.id)["users"].update_one(
        {"_id": gone["id"]}, {"$set": {"status": "deactivated"}}
    )

    admin.go("/roles")

    assert EVIL not in admin.page.text
    assert "2 users have the role" in admin.page.text
    assert link_to(role) in admin.page.text
    assert link_to(role, "&amp;status=unbilled") in admin.page.text
    assert link_to(nobodys) not in admin.page.text
    assert admin.text.count("default role") == len(permissions.WITH_DEFAULTS)
    admin.go(f"/users?role={role['id']}")
    assert "1–2 of 2" in admin.text


def test_creating_says_all_that_is_wrong_at_once_and_keeps_what_was_typed(
    admin: PageClient,
) -> None:
    admin.go("/roles/new")
    admin.send(name="", description="=evil", reach="some", unit_ids=f"{BERLIN}, nonsense")

    assert admin.page.status_code == 422
    for field in ("Name", "Description"):
        assert f"{field} :" in admin.text
    assert "nonsense: " in admin.text
    assert f"{BERLIN}: " not in admin.text
    assert 'value="=evil"' in admin.page.text


@pytest.mark.parametrize(
    ("typed", "allowed"),
    [
        ({"start": "usual"}, permissions.defaults("planner")),
        ({"start": "chosen", "permissions": [USERS, READ]}, (READ, USERS)),
        ({"start": "chosen"}, ()),
    ],
)
def test_r70_a_new_role_has_what_is_usual_for_its_category_or_what_was_chosen(
    admin: PageClient, tenant: Tenant, typed: dict[str, Any], allowed: tuple[str, ...]
) -> None:
    admin.go("/roles/new")
    admin.send(name=EVIL, abbreviation="NS", category="planner", description="Nights", **typed)

    assert "is created." in admin.text
    assert EVIL not in admin.page.text
    role = stored(tenant, admin.path.rpartition("/")[2])
    assert role["permissions"] == list(allowed)
    assert (role["name"], role["abbreviation"], role["description"]) == (EVIL, "NS", "Nights")
    assert (role["category"], role["planning_units"]) == ("planner", None)


def test_r71_a_name_that_is_taken_is_said_at_its_field(admin: PageClient) -> None:
    admin.go("/roles/new")
    admin.send(name="planner", category="other")

    assert admin.page.status_code == 422
    assert "Name : Another role has this name." in admin.text


def test_a_new_role_can_begin_like_another(admin: PageClient, tenant: Tenant) -> None:
    role = a_role(tenant, category="trainer", permissions=[USERS], planning_units=[BERLIN])
    admin.go(f"/roles/new?like={role['id']}")
    assert ticked(admin) == [USERS]
    admin.send(name="Another", permissions=[USERS])

    made = stored(tenant, admin.path.rpartition("/")[2])
    same = ("category", "permissions", "planning_units", "description")
    assert {name: made[name] for name in same} == {name: role[name] for name in same}
    assert admin.go("/roles/new?like=nonsense").status_code == 404


def test_editing_a_role_saves_all_of_it(admin: PageClient, tenant: Tenant) -> None:
    role = a_role(tenant, permissions=[USERS], planning_units=[BERLIN])
    path = f"/roles/{role['id']}"
    admin.go(path)
    assert "Nobody. Roles are given" in admin.text

    admin.send(path, name="Nights", category="trainer", permissions=[READ], unit_ids=MADRID)

    assert "Saved." in admin.text
    now = stored(tenant, role["id"])
    assert (now["name"], now["category"], now["permissions"]) == ("Nights", "trainer", [READ])
    assert now["planning_units"] == sorted([BERLIN, MADRID])
    admin.send(path, reach="all", permissions=[READ])
    assert stored(tenant, role["id"])["planning_units"] is None


def test_a_role_shows_who_has_it(admin: PageClient, tenant: Tenant) -> None:
    role = a_role(tenant)
    user = tenant.create(last_name=EVIL, roles=[role["id"]])

    admin.go(f"/roles/{role['id']}")

    assert "1 billed user" in admin.text
    assert f'href="/users/{user["id"]}"' in admin.page.text
    assert link_to(role) in admin.page.text
    assert EVIL not in admin.page.text


def test_the_list_asks_for_all_holders_at_once(
    admin: PageClient, tenant: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    def note(name: str) -> None:
        real = getattr(Collection, name)

        def noting(self: Any, *args: Any, **more: Any) -> Any:
            if threading.current_thread() is threading.main_thread():
                asked.append(f"{name} {self.name}")
            return real(self, *args, **more)

        monkeypatch.setattr(Collection, name, noting)

    for name in ("aggregate", "count_documents", "find", "find_one"):
        note(name)

    def asked_for_list() -> list[str]:
        asked.clear()
        admin.go("/roles")
        return sorted(asked)

    asked_for_list()  # what is kept from then on, such as keys, is read
    before = asked_for_list()
    for number in range(5):
        a_role(tenant, name=f"More {number}")

    assert asked_for_list() == before
    assert before.count("aggregate users") == 1
    assert "More 4" in admin.text


def test_r15_what_somebody_else_changed_meanwhile_is_shown_and_not_overwritten(
    admin: PageClient, tenant: Tenant
) -> None:
    role = a_role(tenant, name="Before", permissions=[USERS])
    path = f"/roles/{role['id']}"
    admin.go(path)
    theirs = {"name": "Theirs", "permissions": [READ]}
    assert tenant.patch(f"/v1{path}", theirs).status_code == 200

    admin.send(path, name="Mine", permissions=[USERS, EDIT])
    assert admin.page.status_code == 422
    assert "By now it is: Theirs" in admin.text
    assert "not ticked here: See roles and what they allow." in admin.text
    assert "not stored by now: See the user list and its users." in admin.text
    assert 'value="Mine"' in admin.page.text
    assert ticked(admin) == [USERS, EDIT]
    assert stored(tenant, role["id"])["name"] == "Theirs"

    admin.send(path, permissions=[USERS])
    assert "Saved." in admin.text
    assert stored(tenant, role["id"])["name"] == "Mine"


def test_r70_a_default_role_is_changed_and_reset_but_stays(
    admin: PageClient, tenant: Tenant
) -> None:
    role_id = tenant.role("Finance")
    before = stored(tenant, role_id)
    path = f"/roles/{role_id}"
    admin.go(path)
    assert "It is as it came." in admin.text
    assert f"{path}/delete" not in admin.page.text
    assert admin.go(f"{path}/delete").status_code == 422
    assert "A default role can be changed and reset, not deleted." in admin.text

    admin.go(path)
    admin.send(path, name="Money", category="other", permissions=[USERS, "people.profile:read"])
    assert "Saved." in admin.text
    assert stored(tenant, role_id)["category"] == "finance"

    admin.go(f"{path}/reset")
    assert "It is called Finance again." in admin.text
    assert "1 permission goes: See people's profiles." in admin.text
    assert "3 permissions come back:" in admin.text
    admin.send()
    assert admin.page.status_code == 422
    admin.send(understood="y")
    assert "The role is as it came." in admin.text
    assert stored(tenant, role_id) == {**before, "version": 3}
    assert admin.go(f"/roles/{a_role(tenant)['id']}/reset").status_code == 404


def test_r15_a_reset_of_what_somebody_else_changed_meanwhile_asks_once_more(
    admin: PageClient, tenant: Tenant
) -> None:
    role_id = tenant.role("Finance")
    admin.go(f"/roles/{role_id}/reset")
    tenant.patch(f"/v1/roles/{role_id}", {"description": "Theirs"})

    admin.send(understood="y")
    assert admin.page.status_code == 422
    assert "Nothing was done" in admin.text
    assert stored(tenant, role_id)["description"] == "Theirs"
    admin.send(understood="y")
    assert stored(tenant, role_id)["description"] == ""


def test_r72_nobody_can_tick_what_they_lack_but_can_take_it_away(tenant: Tenant) -> None:
    role = a_role(tenant, permissions=["accounts.users:delete"])
    path = f"/roles/{role['id']}"
    editor = with_role(tenant, READ, EDIT)
    editor.go(path)
    box = re.findall(r'<input[^>]*value="accounts.users:edit"[^>]*>', editor.page.text)[0]
    assert " disabled" in box
    assert "You may not do this yourself" in editor.text

    editor.send(path, permissions=["accounts.users:delete", "accounts.users:edit"])
    assert editor.page.status_code == 422
    assert "What it allows : Nobody can give more than they have" in editor.text

    editor.go(path)
    editor.send(path, name="", permissions=[READ])
    assert editor.page.status_code == 422
    box = re.findall(r'<input[^>]*value="accounts.users:delete"[^>]*>', editor.page.text)[0]
    assert " disabled" not in box, "what was taken away cannot be given back"

    editor.go(path)
    editor.send(path, permissions=[READ])
    assert "Saved." in editor.text
    assert stored(tenant, role["id"])["permissions"] == [READ]


def test_r71_deleting_says_in_numbers_who_loses_it_and_replaces_it(
    admin: PageClient, tenant: Tenant
) -> None:
    role, other = a_role(tenant, name=EVIL), a_role(tenant, name="Instead")
    only = tenant.create(roles=[role["id"]])
    both = tenant.create(roles=[role["id"], other["id"]])
    path = f"/roles/{role['id']}/delete"
    admin.go(path)
    assert "2 users have this role:" in admin.text
    assert "1 of them has no other role" in admin.text
    assert EVIL not in admin.page.text

    admin.send()
    assert admin.page.status_code == 422
    assert "The other role :" in admin.text
    assert "Check this first." in admin.text
    admin.send(replace_with=other["id"])
    assert admin.page.status_code == 422
    assert roles_of(tenant, only) == [role["id"]]

    admin.send(replace_with=other["id"], understood="y")
    assert admin.path == "/roles"
    assert "2 users have Instead instead in a moment." in admin.text
    assert roles_of(tenant, only) == roles_of(tenant, both) == [other["id"]]


def test_r71_a_role_is_taken_only_from_as_many_as_were_shown(
    admin: PageClient, tenant: Tenant
) -> None:
    role = a_role(tenant)
    path = f"/roles/{role['id']}/delete"
    admin.go(path)
    assert "Nobody has this role" in admin.text
    user = tenant.create(roles=[role["id"]])

    admin.send(understood="y")
    assert admin.page.status_code == 422
    assert "Nothing was done" in admin.text
    assert "1 user has this role:" in admin.text
    assert ticked(admin, "understood") == []
    assert roles_of(tenant, user) == [role["id"]]

    admin.send(understood="y", way="remove")
    assert "It is taken from 1 user in a moment." in admin.text
    assert roles_of(tenant, user) == []
    assert tenant.get(f"/v1/roles/{role['id']}").status_code == 404


def test_r71_a_role_that_everybody_lost_meanwhile_needs_no_other(
    admin: PageClient, tenant: Tenant
) -> None:
    role = a_role(tenant)
    user = tenant.create(roles=[role["id"]])
    admin.go(f"/roles/{role['id']}/delete")
    assert tenant.patch(f"/v1/users/{user['id']}", {"roles": []}).status_code == 200

    admin.send(understood="y")
    assert admin.page.status_code == 422
    assert "Nobody has this role" in admin.text
    admin.send(understood="y")
    assert "is deleted." in admin.text


def test_r15_a_role_that_somebody_else_changed_meanwhile_is_not_deleted(
    admin: PageClient, tenant: Tenant
) -> None:
    role = a_role(tenant)
    admin.go(f"/roles/{role['id']}/delete")
    tenant.patch(f"/v1/roles/{role['id']}", {"name": "Theirs"})

    admin.send(understood="y")
    assert admin.page.status_code == 422
    assert "Nothing was done" in admin.text
    admin.send(understood="y")
    assert "Theirs is deleted." in admin.text


def _no_planners(change: RoleChange) -> list[Objection]:
    gains = {role.name for role in change.after} - {role.name for role in change.before}
    return [Objection("no", "We need no planners.")] if "Planner" in gains else []


def _no_losses(change: RoleChange) -> list[Objection]:
    return [] if change.after else [Objection("no", "Nobody goes without a role.")]


def test_what_the_houses_own_rules_object_is_said(
    admin: PageClient, tenant: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    rules = installed(ours=module(check_roles=_no_planners), more=module(check_roles=_no_losses))
    monkeypatch.setattr(tenant.accounts.runtime, "plugins", rules)
    role = a_role(tenant)
    user = tenant.create(roles=[role["id"]])
    for name in ("ours", "more"):
        path, body = f"/v1/plugins/{name}", {"settings": {}}
        answer = tenant.accounts.send("PUT", path, tenant.token, json=body)
        assert answer.status_code == 200, answer.json
    admin.go(f"/roles/{role['id']}/delete")

    admin.send(understood="y", replace_with=tenant.role("Planner"))
    assert admin.page.status_code == 422
    assert "The other role : We need no planners." in admin.text
    admin.send(understood="y", way="remove")
    assert admin.page.status_code == 422
    assert "Nobody goes without a role." in admin.text
    assert roles_of(tenant, user) == [role["id"]]


def test_who_may_only_read_sees_no_buttons_and_the_routes_refuse(tenant: Tenant) -> None:
    role = a_role(tenant, permissions=[USERS], planning_units=[BERLIN])
    tenant.create(roles=[role["id"]])
    path = f"/roles/{role['id']}"
    reader = with_role(tenant, READ)

    reader.go("/roles")
    assert "Create role" not in reader.text
    assert "/users?role=" not in reader.page.text
    reader.go(path)
    assert "See the user list and its users." in reader.text
    assert BERLIN in reader.text
    assert "1 billed user" in reader.text
    for word in ("Save", "Delete", "Show in the user list"):
        assert word not in reader.text
    for route in ("/roles/new", f"{path}/delete", f"/roles/{tenant.role('Agent')}/reset"):
        assert reader.go(route).status_code == 403, route
    reader.go("/me")
    token = reader._form("")[1]["csrf_token"]
    assert reader.post(path, csrf_token=token, name="Not").status_code == 403
    assert stored(tenant, role["id"]) == role


def test_who_may_not_see_roles_has_no_entry_and_no_links(tenant: Tenant) -> None:
    somebody = with_role(tenant, USERS)

    somebody.go("/users")
    assert '"/roles"' not in somebody.page.text
    for path in ("/roles", f"/roles/{tenant.role('Agent')}"):
        assert somebody.go(path).status_code == 403
    user = tenant.create(roles=[tenant.role("Agent")])
    somebody.go(f"/users/{user['id']}")
    assert "/roles/" not in somebody.page.text


def test_the_page_of_a_user_leads_to_their_roles(admin: PageClient, tenant: Tenant) -> None:
    user = tenant.create(roles=[tenant.role("Agent")])
    link = f'href="/roles/{tenant.role("Agent")}"'

    assert link in admin.go(f"/users/{user['id']}").text
    reader = with_role(tenant, USERS, READ)
    assert link in reader.go(f"/users/{user['id']}").text


def test_forms_of_somebody_else_change_nothing(admin: PageClient, tenant: Tenant) -> None:
    role = a_role(tenant)
    before = tenant.get("/v1/roles").json

    for route in ("/roles/new", f"/roles/{role['id']}", f"/roles/{role['id']}/delete"):
        seen = '{"version": 1, "users": 0}'
        admin.post(route, name="Evil", category="other", seen=seen, understood="y")
    reset = f"/roles/{tenant.role('Agent')}/reset"
    admin.post(reset, seen='{"version": 1}', understood="y")

    assert tenant.get("/v1/roles").json == before


def test_roles_of_another_tenant_are_not_there(admin: PageClient, tenant: Tenant) -> None:
    theirs = a_role(tenant.accounts.tenant())

    for route in ("", "/delete", "/reset"):
        assert admin.go(f"/roles/{theirs['id']}{route}").status_code == 404


def test_planning_units_are_chosen_by_name_where_it_is_known(
    admin: PageClient, tenant: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = UnitNames({BERLIN: EVIL, MADRID: "Madrid"}, is_whole=True)
    for name in ("role", "role_creation"):
        page = importlib.import_module(f"staffroll_accounts.pages.{name}")
        monkeypatch.setattr(page, "unit_names", lambda _scope, _urls: known)
    role = a_role(tenant, planning_units=[BERLIN])
    path = f"/roles/{role['id']}"

    admin.go(path)
    assert ticked(admin, "planning_units") == [BERLIN]
    assert "Madrid" in admin.text
    assert EVIL not in admin.page.text
    assert "by id" not in admin.text
    admin.send(path, planning_units=[MADRID])
    assert stored(tenant, role["id"])["planning_units"] == [MADRID]


def test_the_names_of_planning_units_are_asked_for_page_by_page(
    accounts: Accounts, tenant: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    pages: list[Any] = [
        {"items": [{"id": "1", "name": "One"}], "next_cursor": "a/b"},
        {"items": [{"id": "2", "name": "Two"}], "next_cursor": None},
    ]
    asked: list[str] = []

    def ask(address: str, _token: str) -> Any:
        asked.append(address)
        return pages[len(asked) - 1] if len(asked) <= len(pages) else None

    module_of = importlib.import_module("staffroll_accounts.pages.role_units")
    monkeypatch.setattr(module_of, "ask", ask)
    scope, urls = accounts.scope(tenant.id), {"scheduling": "http://wfm/"}

    with accounts.app.test_request_context():
        whole = unit_names(scope, urls)
        away = unit_names(scope, urls)
        unset = unit_names(scope, {"scheduling": ""})

    assert whole == UnitNames({"1": "One", "2": "Two"}, is_whole=True)
    assert asked[1] == "http://wfm/v1/planning-units?limit=200&cursor=a%2Fb"
    assert away == unset == UnitNames()


def test_in_german_all_of_it_is_german(tenant: Tenant) -> None:
    german = with_role(tenant, READ, EDIT, language="de")

    for path, words in (
        ("/roles", "Standardrolle"),
        ("/roles/new", "Rolle anlegen"),
        (f"/roles/{tenant.role('Planner')}", "üblich in dieser Kategorie"),
    ):
        german.go(path)
        assert words in german.text

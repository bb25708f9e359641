"""Plugins of tenants: switched on, asked, failing; told to the other services."""

from __future__ import annotations

import json
import types
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime
from threading import Barrier, BrokenBarrierError
from typing import Any, Final

import pytest
from marshmallow import Schema, ValidationError, fields, validate, validates_schema

from staffroll.events import Event
from staffroll.plugins import Candidate, Description, NewUser, Objection, RoleChange
from staffroll.plugins.installed import Installed
from staffroll.plugins.platform import Plugins
from staffroll.plugins.sealing import Sealing
from tests.support.accounts import PASSWORD, Accounts, Answer, Tenant, a_user
from tests.support.plugins import installed, module

LONG_AGO: Final = datetime(2020, 1, 1, tzinfo=UTC)
BANNED: Final = "a sentence with acme in it"
GOOD: Final = "quite another sentence"


class BannedWord(Schema):
    """A word that no password contains."""

    word = fields.String(
        required=True,
        validate=validate.Length(min=2),
        metadata={"title": {"en": "Word", "de": "Wort"}},
    )


class WithKey(Schema):
    """Something secret, and something that is not."""

    key = fields.String(required=True, metadata={"secret": True})
    address = fields.String(load_default="")


def _banned(candidate: Candidate, settings: Any) -> list[Objection]:
    if settings["word"] not in candidate.password:
        return []
    return [Objection("banned", {"en": "Not {that} word.", "de": "Nicht dieses Wort."})]


def _not_used(candidate: Candidate) -> list[Objection]:
    return [Objection("used", "Used before.")] if candidate.was_used(2) else []


def _few(change: RoleChange, settings: Any) -> list[Objection]:
    had = {role.id for role in change.before}
    gained = [role for role in change.after if role.id not in had and role.name == "Planner"]
    found = [Objection("few", "One planner only.") for r in gained if change.holders(r.id) >= 1]
    if (
        change.is_admin
        and not change.user.is_admin
        and not change.user.email.endswith("@x.example")
    ):
        found.append(Objection("stranger", "No admins from elsewhere."))
    return found


def _few_at_once(change: RoleChange, settings: Any) -> list[Objection]:
    found = _few(change, settings)
    with suppress(BrokenBarrierError):  # nobody else has counted by now
        COUNTED.wait(0.2)
    return found


COUNTED: Final = Barrier(2)


def _trainers(user: NewUser) -> list[str]:
    return [
        role.id for role in user.known if role.name == "Trainer" and user.created_in == "people"
    ]


def _planners(user: NewUser) -> list[str]:
    return [role.id for role in user.known if role.name == "Planner"]


def _nothing() -> list[Objection]:
    return []


def _raises() -> Any:
    raise RuntimeError(PASSWORD)


class Untidy(Schema):
    """Whose own code does not mind what it gets."""

    factor = fields.Integer(required=True)

    @validates_schema
    def _check(self, data: dict[str, Any], **_: object) -> None:
        if 100 // data["factor"] > 100:
            raise ValidationError("Must be above 0.")


PLUGINS: Final = {
    "banned": module(
        describe_plugin=lambda: Description(summary={"de": "Ein Wort ist tabu"}),
        settings_schema=lambda: BannedWord,
        check_password=_banned,
        describe_password_policy=lambda settings: [
            {"en": f"Without {settings['word']}.", "de": f"Ohne {settings['word']}."}
        ],
    ),
    "history": module(check_password=_not_used),
    "few": module(check_roles=_few),
    "few_at_once": module(check_roles=_few_at_once),
    "trainers": module(default_roles=_trainers),
    "planners": module(default_roles=_planners),
    "untidy": module(settings_schema=lambda: Untidy, check_roles=_nothing),
    "secretive": module(settings_schema=lambda: WithKey, check_roles=_nothing),
    "failing": module(
        check_password=_raises, check_roles=_raises, describe_password_policy=_raises
    ),
    "nonsense": module(check_password=lambda: "no", default_roles=lambda: ["no-such-role"]),
}


@pytest.fixture
def tenant(accounts: Accounts) -> Iterator[Tenant]:
    accounts.runtime.plugins = installed({"wrong": "it implements no hook"}, **PLUGINS)
    yield accounts.tenant()
    accounts.runtime.plugins = installed()


def on(tenant: Tenant, name: str, /, **settings: Any) -> Answer:
    answer = put(tenant, f"/v1/plugins/{name}", {"settings": settings})
    assert answer.status_code == 200, answer.json
    return answer


def put(tenant: Tenant, path: str, body: Any, **options: Any) -> Answer:
    return tenant.accounts.send("PUT", path, tenant.token, json=body, **options)


def delete(tenant: Tenant, path: str, **options: Any) -> Answer:
    return tenant.accounts.send("DELETE", path, tenant.token, **options)


def codes(answer: Answer, field: str) -> list[str]:
    return [one["code"] for one in answer.json["errors"][field]]


def told(tenant: Tenant) -> Event:
    """The tenant as it was told last."""
    document = tenant.accounts.runtime.platform["tenants"].find_one({"tenant_id": tenant.id})
    assert document is not None
    return Event.from_json(document["outbox"][-1]["body"])


def test_plugins_speak_the_language_of_who_asks(tenant: Tenant) -> None:
    headers = {"Accept-Language": "de-AT, en;q=0.5"}

    here = tenant.get("/v1/plugins/banned").json
    there = tenant.get("/v1/plugins/banned", headers=headers).json

    assert here["settings_schema"]["properties"]["word"]["title"] == "Word"
    assert there["settings_schema"]["properties"]["word"]["title"] == "Wort"
    assert (here["summary"], there["summary"]) == ("", "Ein Wort ist tabu")


def test_the_list_shows_what_is_installed_and_what_is_broken(tenant: Tenant) -> None:
    on(tenant, "banned", word="acme")

    items = {item["name"]: item for item in tenant.get("/v1/plugins").json["items"]}

    assert list(items) == sorted([*PLUGINS, "wrong"])
    assert items["banned"]["state"] == "on"
    assert items["banned"]["settings"] == {"word": "acme"}
    assert items["banned"]["settings_schema"]["required"] == ["word"]
    assert items["banned"]["hooks"] == [
        "check_password",
        "describe_password_policy",
        "describe_plugin",
        "settings_schema",
    ]
    assert items["history"]["state"] == "off"
    assert (items["wrong"]["state"], items["wrong"]["reason"]) == (
        "broken",
        "it implements no hook",
    )
    assert put(tenant, "/v1/plugins/wrong", {"settings": {}}).json["code"] == "plugin_broken"
    assert put(tenant, "/v1/plugins/none", {"settings": {}}).status_code == 404


@pytest.mark.parametrize(
    "settings, field",
    [({}, "settings.word"), ({"word": "x"}, "settings.word"), ({"wor": "xy"}, "settings.wor")],
)
def test_settings_are_refused_as_the_plugin_says(
    tenant: Tenant, settings: dict[str, Any], field: str
) -> None:
    answer = put(tenant, "/v1/plugins/banned", {"settings": settings})

    assert answer.status_code == 422
    assert field in answer.json["errors"]
    assert tenant.get("/v1/plugins/banned").json["state"] == "off"


def test_a_schema_that_fails_is_named_and_can_be_switched_off(tenant: Tenant) -> None:
    refused = put(tenant, "/v1/plugins/untidy", {"settings": {"factor": 0}})
    assert (refused.status_code, refused.json["code"]) == (503, "plugin_failed")

    # As if an earlier release had taken it.
    kept = json.dumps({"untidy": {"factor": 0}})
    tenants = tenant.accounts.runtime.platform["tenants"]
    tenants.update_one({"tenant_id": tenant.id}, {"$set": {"plugins": kept}})

    items = {item["name"]: item["state"] for item in tenant.get("/v1/plugins").json["items"]}
    assert items["untidy"] == "needs_settings"
    assert delete(tenant, "/v1/plugins/untidy").status_code == 204
    assert tenant.get("/v1/plugins/untidy").json["state"] == "off"


def test_settings_have_a_version_and_a_size(tenant: Tenant) -> None:
    seen = on(tenant, "banned", word="acme").headers["ETag"]
    on(tenant, "banned", word="other")

    stale = put(
        tenant, "/v1/plugins/banned", {"settings": {"word": "x" * 9}}, headers={"If-Match": seen}
    )
    large = put(tenant, "/v1/plugins/banned", {"settings": {"word": "x" * 40_000}})

    assert stale.status_code == 412
    assert large.json["code"] == "plugin_settings_too_large"
    assert tenant.get("/v1/plugins/banned").json["settings"] == {"word": "other"}


def test_every_change_is_told_and_noted(lonely: Accounts) -> None:
    lonely.runtime.plugins = installed(**PLUGINS)
    tenant = lonely.tenant()
    on(tenant, "banned", word="acme")
    state = told(tenant)
    on(tenant, "banned", word="acme")
    on(tenant, "banned", word="other")
    assert delete(tenant, "/v1/plugins/banned").status_code == 204

    assert state.type == "tenant.updated"
    assert state.data["plugins"] == {"banned": {"word": "acme"}}
    assert told(tenant).data["plugins"] == {}
    assert told(tenant).sequence == state.sequence + 2
    document = lonely.runtime.platform["tenants"].find_one({"tenant_id": tenant.id}) or {}
    assert [(entry["action"], entry["changed"]) for entry in document["audit"]] == [
        ("plugin.switched-on", ["banned"]),
        ("plugin.changed", ["banned"]),
        ("plugin.switched-off", ["banned"]),
    ]


def test_two_tenants_have_different_policies_at_the_same_moment(tenant: Tenant) -> None:
    other = tenant.accounts.tenant()
    on(tenant, "banned", word="acme")
    on(other, "banned", word="other")

    refused = tenant.post("/v1/users", a_user(password=BANNED))

    assert codes(refused, "password") == ["banned.banned"]
    assert refused.json["errors"]["password"][0]["detail"] == "Not {that} word."
    assert other.post("/v1/users", a_user(password=BANNED)).status_code == 201
    assert tenant.post("/v1/users", a_user(password=GOOD)).status_code == 201


def test_a_change_counts_from_the_next_request_on(tenant: Tenant) -> None:
    on(tenant, "banned", word="acme")
    assert tenant.post("/v1/users", a_user(password=BANNED)).status_code == 422

    on(tenant, "banned", word="another")
    assert tenant.post("/v1/users", a_user(password=BANNED)).status_code == 201

    on(tenant, "banned", word="acme")
    assert delete(tenant, "/v1/plugins/banned").status_code == 204
    assert tenant.post("/v1/users", a_user(password=BANNED)).status_code == 201


def test_all_that_is_wrong_is_said_at_once_in_the_language_asked_for(tenant: Tenant) -> None:
    on(tenant, "banned", word="xx")
    on(tenant, "history")

    answer = tenant.post(
        "/v1/users",
        a_user(password="qxxj", language="fr"),
        headers={"Accept-Language": "de-AT"},
    )

    assert codes(answer, "password") == ["password_too_short", "banned.banned"]
    assert answer.json["errors"]["password"][1]["detail"] == "Nicht dieses Wort."
    assert "language" in answer.json["errors"]


def test_the_policy_is_described_with_what_plugins_say(tenant: Tenant) -> None:
    on(tenant, "banned", word="acme")
    on(tenant, "failing")

    english = tenant.get("/v1/password-policy").json["sentences"]
    german = tenant.get("/v1/password-policy", headers={"Accept-Language": "de"}).json["sentences"]

    assert english[-1] == "Without acme."
    assert german[-1] == "Ohne acme."


def test_passwords_are_checked_wherever_one_is_set(tenant: Tenant) -> None:
    on(tenant, "banned", word="acme")
    user = tenant.create(password=GOOD)

    by_admin = put(tenant, f"/v1/users/{user['id']}/password", {"password": BANNED})
    own = tenant.accounts.send(
        "PUT",
        "/v1/me/password",
        tenant.token_of(user),
        json={"current_password": GOOD, "password": BANNED},
    )

    assert codes(by_admin, "password") == codes(own, "password") == ["banned.banned"]
    assert by_admin.json["code"] == "password_refused"


def test_earlier_passwords_are_remembered_only_while_a_plugin_may_ask(tenant: Tenant) -> None:
    user = tenant.create(password=GOOD)
    path = f"/v1/users/{user['id']}/password"

    def set_to(password: str) -> Answer:
        return put(tenant, path, {"password": password})

    assert set_to("the first sentence of all").status_code == 204
    assert tenant.document(user["id"])["security"]["old_passwords"] == []
    on(tenant, "history")
    assert codes(set_to("the first sentence of all"), "password") == ["history.used"]
    assert set_to("the second sentence of all").status_code == 204
    assert codes(set_to("the first sentence of all"), "password") == ["history.used"]
    assert set_to("the third sentence of all").status_code == 204
    assert len(tenant.document(user["id"])["security"]["old_passwords"]) == 2
    # Two are looked at: the present one and the one before.
    assert set_to("the first sentence of all").status_code == 204
    assert delete(tenant, "/v1/plugins/history").status_code == 204
    assert set_to("the fourth sentence of all").status_code == 204
    assert tenant.document(user["id"])["security"]["old_passwords"] == []


def test_roles_are_checked_at_creation_edits_and_grants(tenant: Tenant) -> None:
    on(tenant, "few")
    planner = tenant.role("Planner")
    first = tenant.create(roles=[planner])
    second = tenant.create(email="someone@elsewhere.example")

    at_creation = tenant.post("/v1/users", a_user(roles=[planner]))
    at_edit = tenant.patch(f"/v1/users/{second['id']}", {"roles": [planner]})
    at_grant = tenant.patch(f"/v1/users/{second['id']}", {"is_admin": True})
    unchanged = tenant.patch(f"/v1/users/{first['id']}", {"roles": [planner], "language": "de"})

    assert codes(at_creation, "roles") == codes(at_edit, "roles") == ["few.few"]
    assert codes(at_grant, "is_admin") == ["few.stranger"]
    assert at_edit.json["code"] == "plugin_objects"
    assert unchanged.status_code == 200
    assert tenant.get(f"/v1/users/{second['id']}").json["version"] == second["version"]


def test_roles_are_checked_before_a_role_is_replaced(tenant: Tenant) -> None:
    on(tenant, "few")
    planner = tenant.role("Planner")
    role = tenant.post("/v1/roles", {"name": "Extra", "category": "other"}).json["id"]
    users = [tenant.create(roles=[role]) for _ in range(2)]

    refused = delete(tenant, f"/v1/roles/{role}?replace_with={planner}")
    tenant.patch(f"/v1/users/{users[0]['id']}", {"roles": []})
    done = delete(tenant, f"/v1/roles/{role}?replace_with={planner}")

    assert codes(refused, "replace_with") == ["few.few"]
    assert done.status_code == 204, done.json
    assert tenant.get(f"/v1/users/{users[1]['id']}").json["roles"] == [planner]


def test_who_is_deactivated_does_not_count_when_a_role_is_replaced(tenant: Tenant) -> None:
    on(tenant, "few")
    role = tenant.post("/v1/roles", {"name": "Extra", "category": "other"}).json["id"]
    users = [tenant.create(roles=[role])["id"] for _ in range(2)]
    tenant.accounts.runtime.platform["users"].update_many(
        {"_id": {"$in": users}}, {"$set": {"status": "deactivated"}}
    )

    done = delete(tenant, f"/v1/roles/{role}?replace_with={tenant.role('Planner')}")

    assert done.status_code == 204, done.json


def test_plugins_are_not_asked_about_more_users_than_one_request_has_time_for(
    tenant: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("staffroll_accounts.actions.roles.MOST_ASKED_ABOUT", 1)
    on(tenant, "few")
    role = tenant.post("/v1/roles", {"name": "Extra", "category": "other"}).json["id"]
    for _ in range(2):
        tenant.create(roles=[role])

    refused = delete(tenant, f"/v1/roles/{role}?remove_from=2")
    assert delete(tenant, "/v1/plugins/few").status_code == 204
    done = delete(tenant, f"/v1/roles/{role}?remove_from=2")

    assert (refused.status_code, refused.json["code"]) == (409, "role_held_by_too_many")
    assert "This role has 2 users" in refused.json["detail"]
    assert done.status_code == 204, done.json


def test_of_two_who_are_given_a_role_at_one_moment_a_plugin_counts_both(tenant: Tenant) -> None:
    on(tenant, "few_at_once")
    planner = tenant.role("Planner")
    COUNTED.reset()
    users = [tenant.create()["id"] for _ in range(2)]

    def give(user_id: str) -> int:
        return tenant.patch(f"/v1/users/{user_id}", {"roles": [planner]}).status_code

    with ThreadPoolExecutor(2) as pool:
        answers = sorted(pool.map(give, users))

    assert answers == [200, 422]


def test_who_is_yet_to_get_a_role_for_one_that_goes_is_counted(
    tenant: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    on(tenant, "few")
    planner = tenant.role("Planner")
    role = tenant.post("/v1/roles", {"name": "Extra", "category": "other"}).json["id"]
    tenant.create(roles=[role])
    monkeypatch.setattr("staffroll_accounts.actions.roles.take_away", lambda *_: False)

    assert delete(tenant, f"/v1/roles/{role}?replace_with={planner}").status_code == 204
    refused = tenant.post("/v1/users", a_user(roles=[planner]))

    assert codes(refused, "roles") == ["few.few"]


def test_an_import_asks_for_each_line_so_that_counts_are_right(tenant: Tenant) -> None:
    from staffroll_accounts.due import import_runner

    on(tenant, "few")
    lines = "".join(f"Last{n},First,i{n}@x.example,Planner\r\n" for n in range(3))
    started = tenant.post(
        "/v1/imports",
        data=f"Last name,First name,Email,Roles\r\n{lines}",
        headers={"Content-Type": "text/csv"},
    )
    assert started.status_code in (201, 202), started.json
    import_runner(tenant.accounts.runtime).run()

    found = tenant.get(f"/v1/imports/{started.json['id']}/results").json["items"]
    assert [one["outcome"] for one in found] == ["created", "refused", "refused"]
    assert found[1]["errors"] == {"roles": ["few.few"]}


def test_a_wish_gets_default_roles_and_is_refused_with_the_reason(tenant: Tenant) -> None:
    on(tenant, "trainers")
    wish = {"attempt": 1, "last_name": "Müller", "email": "w@x.example"}
    tenant.accounts.handle(tenant.wish("user.requested", WISHED, wish))
    assert tenant.document(WISHED)["roles"] == sorted(
        [tenant.role("Agent"), tenant.role("Trainer")]
    )

    on(tenant, "failing")
    event = tenant.wish("user.requested", OTHER, {**wish, "email": "v@x.example"})
    tenant.accounts.handle(event)
    (answer,) = tenant.answers(event.request_id or "")
    assert (answer.type, answer.data["code"]) == ("request.rejected", "plugin_failed")


def test_r72_nobody_sets_the_password_of_who_gets_more_than_they_have(tenant: Tenant) -> None:
    clerk = tenant.token_of(tenant.create(), "accounts.users:edit")
    on(tenant, "planners")

    refused = tenant.post("/v1/users", a_user(password=GOOD), token=clerk)
    created = tenant.post("/v1/users", a_user(), token=clerk)
    by_admin = tenant.post("/v1/users", a_user(password=GOOD))

    assert (refused.status_code, refused.json["code"]) == (422, "role_not_yours")
    assert created.json["roles"] == [tenant.role("Planner")]
    assert by_admin.status_code == 201


WISHED: Final = "01939f2a-0000-7000-8000-000000000001"
OTHER: Final = "01939f2a-0000-7000-8000-000000000002"


@pytest.mark.parametrize("name", ["failing", "nonsense"])
def test_a_check_that_fails_refuses_the_change_and_tells_no_secret(
    tenant: Tenant, name: str
) -> None:
    user = tenant.create(password=GOOD)
    on(tenant, name)

    answer = put(tenant, f"/v1/users/{user['id']}/password", {"password": GOOD + "!"})

    assert (answer.status_code, answer.json["code"]) == (503, "plugin_failed")
    assert name in answer.json["detail"]
    assert PASSWORD not in answer.text
    assert tenant.post("/v1/users", a_user(password=GOOD)).status_code == 503
    assert delete(tenant, f"/v1/plugins/{name}").status_code == 204
    assert put(tenant, f"/v1/users/{user['id']}/password", {"password": GOOD}).status_code == 204


def test_what_was_uninstalled_while_switched_on_refuses_until_it_is_switched_off(
    tenant: Tenant,
) -> None:
    user = tenant.create(password=GOOD)
    on(tenant, "banned", word="acme")
    left = {name: one for name, one in PLUGINS.items() if name != "banned"}
    tenant.accounts.runtime.plugins = installed(**left)

    shown = tenant.get("/v1/plugins/banned").json
    password = put(tenant, f"/v1/users/{user['id']}/password", {"password": GOOD})
    roles = tenant.patch(f"/v1/users/{user['id']}", {"roles": [tenant.role("Planner")]})
    name = tenant.patch(f"/v1/users/{user['id']}", {"last_name": "Else"})

    assert (shown["state"], shown["settings"]) == ("missing", {})
    assert password.status_code == roles.status_code == 503
    assert password.json["code"] == roles.json["code"] == "plugin_missing"
    assert name.status_code == 200
    assert delete(tenant, "/v1/plugins/banned").status_code == 204
    assert put(tenant, f"/v1/users/{user['id']}/password", {"password": GOOD}).status_code == 204


def test_settings_that_a_newer_plugin_does_not_take_are_asked_for_again(tenant: Tenant) -> None:
    on(tenant, "banned", word="acme")

    class Longer(Schema):
        words = fields.List(fields.String(), required=True)

    newer: dict[str, types.ModuleType] = {
        "banned": module(settings_schema=lambda: Longer, check_password=_nothing)
    }
    tenant.accounts.runtime.plugins = installed(**newer)

    assert tenant.get("/v1/plugins/banned").json["state"] == "needs_settings"
    assert tenant.post("/v1/users", a_user(password=GOOD)).json["code"] == "plugin_failed"
    on(tenant, "banned", words=[])
    assert tenant.post("/v1/users", a_user(password=GOOD)).status_code == 201


def test_secret_settings_are_stored_and_told_only_encrypted(lonely: Accounts) -> None:
    lonely.runtime.plugins = installed(**PLUGINS)
    tenant = lonely.tenant()
    shown = on(tenant, "secretive", key="open sesame", address="a").json
    kept = on(tenant, "secretive", address="b").json
    again = on(tenant, "secretive", key=None, address="c").json

    assert shown["settings"] == {"key": None, "address": "a"}
    assert kept["settings"] == {"key": None, "address": "b"}
    assert again["settings"] == {"key": None, "address": "c"}
    assert "sesame" not in str(tenant.accounts.dump_whole("tenants"))
    plugins = tenant.accounts.runtime.plugins
    sealed = told(tenant).data["plugins"]["secretive"]
    opened = plugins.sealing.unseal(plugins.installed.plugins["secretive"], sealed)
    assert opened == {"key": "open sesame", "address": "c"}


def test_without_the_platforms_key_nothing_secret_is_set(tenant: Tenant) -> None:
    on(tenant, "secretive", key="open sesame")
    installed_here: Installed = tenant.accounts.runtime.plugins.installed
    tenant.accounts.runtime.plugins = Plugins(installed_here, Sealing(""))

    answer = put(tenant, "/v1/plugins/secretive", {"settings": {"key": "new"}})

    assert (answer.status_code, answer.json["code"]) == (503, "plugin_key_missing")
    assert tenant.get("/v1/plugins/secretive").json["state"] == "needs_settings"
    assert tenant.post("/v1/users", a_user(roles=[tenant.role("Agent")])).status_code == 503


def test_only_who_may_switches_plugins_and_only_after_a_fresh_sign_in(tenant: Tenant) -> None:
    user = tenant.create()
    reader = tenant.token_of(user, "accounts.plugins:read")

    assert tenant.get("/v1/plugins", token=reader).status_code == 200
    answer = tenant.accounts.send("PUT", "/v1/plugins/history", reader, json={"settings": {}})
    assert answer.status_code == 403
    old = tenant.accounts.token(tenant.id, tenant.admin_id, is_admin=True, entered_at=LONG_AGO)
    stale = tenant.accounts.send("PUT", "/v1/plugins/history", old, json={"settings": {}})
    assert stale.json["code"] == "step_up_needed"

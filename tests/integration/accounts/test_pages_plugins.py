"""The pages of plugins, as a browser without scripts goes through them."""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterator
from datetime import timedelta
from typing import Any, Final

import pytest
from marshmallow import Schema, fields, validate

from staffroll import clock
from staffroll.plugins import Candidate, ExportFormat, Objection
from staffroll_accounts.actions.changing import change
from staffroll_accounts.domain import reset_tokens
from staffroll_accounts.domain.password_changes import send_link
from tests.support.accounts import PASSWORD, Accounts, Tenant
from tests.support.page_client import PageClient
from tests.support.plugins import installed, module
from tests.support.signed_in import entered, with_role
from tests.support.two_factor import Later

EVIL: Final = "<img src=x onerror=alert(1)>"
RULE: Final = "It is without acme."
NEW: Final = "another horse, another battery"


class Banned(Schema):
    """A word that no password contains, and something secret."""

    word = fields.String(required=True, validate=validate.Length(min=2))
    limits = fields.Dict(keys=fields.String(), values=fields.Integer())
    key = fields.String(metadata={"secret": True, "title": EVIL, "description": EVIL})


def _banned(candidate: Candidate, settings: Any) -> list[Objection]:
    is_wrong = settings["word"] in candidate.password
    return [Objection("banned", "Choose one {without} that word.")] if is_wrong else []


def _nothing() -> list[Objection]:
    return []


PLUGINS: Final = {
    "banned_word": module(
        settings_schema=lambda: Banned,
        check_password=_banned,
        describe_password_policy=lambda settings: [
            {"en": f"It is without {settings['word']}.", "de": f"Ohne {settings['word']}."}
        ],
    ),
    "plain": module(
        export_formats=lambda: [ExportFormat("odd", EVIL, "text/plain", "txt", lambda *_: None)]
    ),
}
BAR_ENTRY: Final = '/plugins"'
BROKEN: Final = {"wrong": "it implements no hook"}


@pytest.fixture
def tenant(accounts: Accounts) -> Iterator[Tenant]:
    accounts.runtime.plugins = installed(BROKEN, **PLUGINS)
    yield accounts.tenant()
    accounts.runtime.plugins = installed()


@pytest.fixture
def admin(tenant: Tenant) -> PageClient:
    return entered(tenant)


def kept(tenant: Tenant, name: str = "banned_word") -> dict[str, Any]:
    found: dict[str, Any] = tenant.get(f"/v1/plugins/{name}").json
    return found


def put(tenant: Tenant, settings: dict[str, Any], name: str = "banned_word") -> None:
    path = f"/v1/plugins/{name}"
    answer = tenant.accounts.send("PUT", path, tenant.token, json={"settings": settings})
    assert answer.status_code == 200, answer.json


def settings(**typed: str) -> dict[str, Any]:
    return {f"settings.{name}": value for name, value in typed.items()}


def test_a_plugin_is_switched_on_changed_and_switched_off(
    admin: PageClient, tenant: Tenant
) -> None:
    admin.go("/plugins")
    for said in ("Banned word", "Password rules", "Export formats", "switched off"):
        assert said in admin.text
    assert "does not work" in admin.text

    admin.go("/plugins/banned_word/settings")
    admin.send(**settings(word="acme", limits='{"x": 1}', key="open sesame"))
    assert "Banned word is switched on, and counts from now on." in admin.text
    assert RULE in admin.text
    assert "sesame" not in admin.page.text
    assert "set, not shown" in admin.text

    admin.go("/plugins/banned_word/settings")
    assert "sesame" not in admin.page.text
    admin.send(**settings(word="other", limits='{"x": 2}'))
    assert "The settings are saved" in admin.text
    assert kept(tenant)["settings"] == {"word": "other", "limits": {"x": 2}, "key": None}
    assert kept(tenant)["state"] == "on"

    admin.go("/plugins/banned_word/off")
    assert "1 rule for passwords does not apply any more: It is without other." in admin.text
    assert "3 settings that were filled in are forgotten." in admin.text
    admin.send()
    assert admin.page.status_code == 422
    assert kept(tenant)["state"] == "on"
    admin.send(understood="y")
    assert "Banned word is switched off." in admin.text
    assert kept(tenant)["state"] == "off"


def test_a_plugin_without_settings_is_switched_on_by_its_button(
    admin: PageClient, tenant: Tenant
) -> None:
    admin.go("/plugins/plain/settings")
    assert "has no settings" in admin.text
    admin.send()
    assert "Plain is switched on" in admin.text

    admin.go("/plugins/plain/off")
    assert f"1 export format is not offered any more: {EVIL}." in admin.text
    assert EVIL not in admin.page.text


def test_all_that_is_wrong_stands_at_its_field_and_what_was_typed_is_kept(
    admin: PageClient, tenant: Tenant
) -> None:
    admin.go("/plugins/banned_word/settings")
    assert EVIL in admin.text
    assert EVIL not in admin.page.text
    admin.send(**settings(word="x", limits=f'{{"{EVIL}": "many"}}'))

    assert admin.page.status_code == 422
    assert "Word : This is too short: 2 is the least." in admin.text
    assert f"Limits : {EVIL}.value: This is not a whole number." in admin.text
    assert 'value="x"' in admin.page.text
    assert EVIL not in admin.page.text

    admin.send(**settings(word="", limits="{"))
    assert "Limits : This is not JSON: look at line 1" in admin.text
    admin.send(**settings(word="", limits=""))
    assert "Word : Please fill this in." in admin.text
    assert kept(tenant)["state"] == "off"


def test_what_somebody_else_changed_meanwhile_is_told_and_what_was_typed_is_kept(
    admin: PageClient, tenant: Tenant
) -> None:
    put(tenant, {"word": "first"})
    admin.go("/plugins/banned_word/settings")
    put(tenant, {"word": "theirs"})

    admin.send(**settings(word="mine", limits=""))
    assert admin.page.status_code == 422
    assert "What you filled in is still here" in admin.text
    assert "By now it is: theirs" in admin.text
    assert kept(tenant)["settings"] == {"word": "theirs"}

    admin.send(**settings(word="mine", limits=""))
    assert "The settings are saved" in admin.text
    assert kept(tenant)["settings"] == {"word": "mine"}


def test_a_change_of_another_plugin_meanwhile_does_not_disturb(
    admin: PageClient, tenant: Tenant
) -> None:
    admin.go("/plugins/banned_word/settings")
    put(tenant, {}, "plain")

    admin.send(**settings(word="mine", limits=""))

    assert "is switched on" in admin.text
    assert kept(tenant, "plain")["state"] == "on"


def test_settings_that_were_changed_meanwhile_are_not_forgotten_unseen(
    admin: PageClient, tenant: Tenant
) -> None:
    put(tenant, {"word": "first"})
    admin.go("/plugins/banned_word/off")
    put(tenant, {"word": "theirs"})

    admin.send(understood="y")
    assert admin.page.status_code == 422
    assert "It is without theirs." in admin.text
    assert kept(tenant)["state"] == "on"

    admin.send(understood="y")
    assert kept(tenant)["state"] == "off"


def test_one_that_was_uninstalled_while_it_was_on_says_what_stands_still_and_can_be_switched_off(
    admin: PageClient, tenant: Tenant
) -> None:
    put(tenant, {"word": "acme"})
    tenant.accounts.runtime.plugins = installed(BROKEN)

    admin.go("/plugins")
    assert "Banned word It is switched on, but not installed any more." in admin.text
    admin.go("/plugins/banned_word/settings")
    assert admin.path == "/plugins/banned_word"
    assert "nobody can set a password, be created, or get other roles" in admin.text
    assert tenant.post("/v1/users", json={}).status_code in (422, 503)

    admin.go("/plugins/banned_word/off")
    admin.send(understood="y")
    assert "Banned word is switched off." in admin.text
    assert admin.go("/plugins/banned_word").status_code == 404


def test_one_that_is_broken_says_why_and_cannot_be_switched_on(admin: PageClient) -> None:
    admin.go("/plugins/wrong")
    assert "cannot be switched on" in admin.text
    assert "it implements no hook" in admin.text
    assert "Switch on" not in admin.text
    assert admin.go("/plugins/nothing").status_code == 404


def test_one_that_does_not_take_its_settings_any_more_is_set_up_anew(
    admin: PageClient, tenant: Tenant
) -> None:
    class Longer(Schema):
        words = fields.List(fields.String(validate=validate.Length(min=2)), required=True)

    put(tenant, {"word": "acme"})
    newer = {"banned_word": module(settings_schema=lambda: Longer, check_password=_nothing)}
    tenant.accounts.runtime.plugins = installed(**newer)

    admin.go("/plugins")
    assert "does not take the settings any more" in admin.text
    admin.go("/plugins/banned_word/settings")
    admin.send(**settings(words="ab\r\nc"))
    assert "Words : Entry 2: This is too short: 2 is the least." in admin.text
    admin.send(**settings(words="ab\r\ncd"))
    assert "The settings are saved" in admin.text
    assert kept(tenant)["settings"] == {"words": ["ab", "cd"]}


def test_r30_the_rule_of_a_plugin_stands_beside_every_field_for_a_new_password(
    admin: PageClient, tenant: Tenant
) -> None:
    made = tenant.create(password=NEW)
    link = invitation(made["id"], tenant)
    pages = [
        "/users/new",
        f"/users/{made['id']}/password",
        "/me/password",
        "/me/password?first=yes",
    ]
    for path in pages:
        admin.go(path)
        (field,) = [one for one in inputs(admin) if 'name="password"' in one]
        assert 'aria-describedby="password-rules' in field, path
        assert "in any script" in admin.text.partition("A good password is:")[2], path
        assert RULE not in admin.text, path

    put(tenant, {"word": "acme"})

    for path in pages:
        admin.go(path)
        assert RULE in admin.text, path
    stranger = PageClient(tenant.accounts.app)
    stranger.go(link)
    assert RULE in stranger.text
    stranger.client.environ_base["HTTP_ACCEPT_LANGUAGE"] = "de"
    stranger.go(link)
    assert "Ohne acme." in stranger.text
    stranger.send(password="a sentence with acme in it")
    assert "Choose one {without} that word." in stranger.text


def inputs(browser: PageClient) -> list[str]:
    return re.findall(r"<input[^>]*>", browser.page.text)


def invitation(user_id: str, tenant: Tenant) -> str:
    """The way to the page that somebody who was invited is sent to."""
    scope = tenant.accounts.scope(tenant.id)
    token = reset_tokens.make(tenant.id, user_id, secrets.token_bytes(32))
    cause = scope.cause("accounts")
    change(user_id, scope, lambda user: send_link(user, token, "invitation", cause))
    return f"/set-password?token={token.text}"


def test_only_who_may_changes_plugins_and_only_after_a_fresh_sign_in(
    admin: PageClient, tenant: Tenant
) -> None:
    reader = with_role(tenant, "accounts.plugins:read")
    assert BAR_ENTRY in reader.page.text
    reader.go("/plugins/banned_word")
    assert reader.page.status_code == 200
    assert "Switch on" not in reader.text
    for path in ("settings", "off"):
        assert reader.go(f"/plugins/banned_word/{path}").status_code == 403

    nobody = with_role(tenant, "accounts.users:read")
    assert BAR_ENTRY not in nobody.page.text
    assert nobody.go("/plugins").status_code == 403
    assert nobody.go("/plugins/banned_word").status_code == 403

    sessions = tenant.accounts.runtime.platform.database["sessions"]
    long_ago = clock.now() - timedelta(hours=1)
    sessions.update_many({"tenant_id": tenant.id}, {"$set": {"authenticated_at": long_ago}})
    admin.go("/session/refresh?next=/plugins/banned_word/settings")
    assert admin.path.startswith("/step-up"), admin.path


def test_a_secret_waits_on_no_page_while_the_password_is_asked_for(
    admin: PageClient, tenant: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    later = Later(monkeypatch)
    admin.go("/plugins/banned_word/settings")
    later.pass_by(minutes=11)

    admin.send(**settings(word="acme", key="open sesame"))
    assert "Your password once more" in admin.text
    assert "sesame" not in admin.page.text
    admin.send(password=PASSWORD)

    assert admin.path == "/plugins/banned_word/settings"
    assert "sesame" not in admin.page.text
    assert kept(tenant)["state"] == "off"


def test_without_the_token_of_its_form_nothing_is_changed(
    admin: PageClient, tenant: Tenant
) -> None:
    put(tenant, {"word": "acme"})
    for path, typed in (("settings", settings(word="other")), ("off", {"understood": "y"})):
        admin.post(f"/plugins/banned_word/{path}", **typed)
        assert admin.page.status_code in (403, 422)
    assert kept(tenant)["settings"] == {"word": "acme"}

"""The pages around signing in, as a browser without scripts goes through them."""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest

from staffroll import clock
from staffroll_accounts.domain import reset_tokens
from tests.support.accounts import PASSWORD, Accounts, Tenant
from tests.support.page_client import PageClient
from tests.support.two_factor import Later, put, set_up, token_of

NEW = "another horse, another battery"
ACCESS, REFRESH = "staffroll-access", "staffroll-refresh"


@pytest.fixture
def browser(accounts: Accounts) -> PageClient:
    return PageClient(accounts.app)


@pytest.fixture
def later(monkeypatch: pytest.MonkeyPatch) -> Later:
    return Later(monkeypatch)


@dataclass(frozen=True)
class Human:
    tenant: Tenant
    id: str
    email: str


@pytest.fixture
def human(tenant: Tenant) -> Human:
    """Somebody with a password and no permissions."""
    made = tenant.create(password=PASSWORD, language="en")
    return Human(tenant, made["id"], made["email"])


def enter(browser: PageClient, human: Human, at: str = "/sign-in", **changes: Any) -> None:
    browser.go(at)
    typed = {"tenant": human.tenant.id, "email": human.email, "password": PASSWORD}
    browser.send(**{**typed, **changes})


def test_signing_in_leads_to_where_one_wanted_to_go_and_signing_out_to_nowhere(
    browser: PageClient, human: Human
) -> None:
    browser.go("/me/sessions")
    assert browser.path == "/sign-in?next=/me/sessions"
    enter(browser, human, browser.path)

    assert browser.path == "/me/sessions"
    assert "this one" in browser.text

    browser.send("/session/end")
    assert "You are signed out." in browser.text
    assert browser.cookie(ACCESS) is None
    browser.go("/me")
    assert browser.path == "/sign-in?next=/me"


def test_after_signing_out_copies_of_the_cookies_are_void(
    browser: PageClient, human: Human, accounts: Accounts
) -> None:
    enter(browser, human)
    access, refresh = browser.cookie(ACCESS), browser.cookie(REFRESH, "/session")
    browser.go("/me")
    browser.send("/session/end")

    thief = PageClient(accounts.app)
    thief.client.set_cookie(ACCESS, access or "")
    thief.client.set_cookie(REFRESH, refresh or "", path="/session")
    thief.go("/me")

    assert thief.path == "/sign-in?next=/me"


def test_cookies_are_out_of_reach_of_scripts_and_of_other_sites(
    browser: PageClient, human: Human
) -> None:
    browser.client.get("/sign-in")
    page = browser.client.get("/sign-in")
    found = re.search(r'name="csrf_token"[^>]*value="([^"]*)"', page.text)
    assert found
    typed = {"tenant": human.tenant.id, "email": human.email, "password": PASSWORD}
    for secure, prefix in ((False, ""), (True, "__Host-")):
        base_url = "https://hr.example" if secure else "http://localhost"
        client = PageClient(browser.client.application)
        shown = client.client.get("/sign-in", base_url=base_url)
        found = re.search(r'name="csrf_token"[^>]*value="([^"]*)"', shown.text)
        assert found
        answer = client.client.post(
            "/sign-in", base_url=base_url, data={**typed, "csrf_token": found[1]}
        )

        cookies = {text.partition("=")[0]: text for text in answer.headers.getlist("Set-Cookie")}
        access = cookies[f"{prefix}{ACCESS}"]
        refresh = cookies[f"{'__Secure-' if secure else ''}{REFRESH}"]
        for cookie in (access, refresh):
            assert "HttpOnly" in cookie
            assert "SameSite=Lax" in cookie
            assert ("Secure" in cookie.split("; ")) is secure
        assert access.endswith("Path=/; SameSite=Lax") or "Path=/;" in access
        assert "Path=/session;" in refresh


@pytest.mark.parametrize(
    "wrong", [{"password": "wrong"}, {"email": "nobody@x.example"}, {"tenant": "t-none"}]
)
def test_r22_whatever_is_wrong_the_page_says_the_same(
    browser: PageClient, human: Human, wrong: dict[str, str]
) -> None:
    enter(browser, human, **wrong)

    assert browser.page.status_code == 422
    assert "Organisation, e-mail and password do not go together." in browser.text
    assert PASSWORD not in browser.page.text
    assert browser.cookie(ACCESS) is None


def test_signing_in_from_a_form_of_somebody_else_is_refused(
    browser: PageClient, human: Human
) -> None:
    typed = {"tenant": human.tenant.id, "email": human.email, "password": PASSWORD}

    browser.post("/sign-in", **typed)

    assert browser.cookie(ACCESS) is None


@pytest.mark.parametrize("evil", ["https://evil.example/", "//evil.example", "/\\evil.example"])
def test_a_link_to_sign_in_leads_nowhere_else(browser: PageClient, human: Human, evil: str) -> None:
    enter(browser, human, f"/sign-in?next={evil}")

    assert browser.path == "/me"


def test_r40_the_second_factor_is_asked_for_on_a_page_that_holds_no_password(
    browser: PageClient, human: Human, later: Later
) -> None:
    factor = set_up(human.tenant, token_of(human.tenant, human.email), later)

    enter(browser, human, "/sign-in?next=/me/security")
    assert "Enter the code" in browser.text
    assert PASSWORD not in browser.page.text
    browser.send(otp="123456")
    assert "do not go together" in browser.text
    browser.send(otp=later.fresh_code(factor.seed))

    assert browser.path == "/me/security"
    assert "10 recovery codes are left" in browser.text


def test_an_expired_access_token_is_renewed_on_the_way_and_nothing_typed_is_lost(
    browser: PageClient, human: Human
) -> None:
    enter(browser, human)
    browser.go("/me")
    browser.client.delete_cookie(ACCESS)

    browser.send(language="de", time_zone="Asia/Tokyo")

    assert "Gespeichert." in browser.text
    assert human.tenant.document(human.id)["time_zone"] == "Asia/Tokyo"


def test_a_form_sent_after_the_session_ended_waits_until_one_signed_in_again(
    browser: PageClient, human: Human
) -> None:
    enter(browser, human)
    browser.go("/me")
    human.tenant.accounts.send("DELETE", f"/v1/users/{human.id}/sessions", human.tenant.token)

    browser.send(language="de", time_zone="Asia/Tokyo")
    assert "what you typed is kept" in browser.text
    browser.send(tenant=human.tenant.id, email=human.email, password=PASSWORD)
    browser.send()

    assert "Gespeichert." in browser.text
    assert human.tenant.document(human.id)["time_zone"] == "Asia/Tokyo"


def test_nobody_elses_form_waits_for_one_to_sign_in(browser: PageClient) -> None:
    browser.post("/session/refresh?next=/me", language="de", time_zone="Asia/Tokyo")

    assert "Asia/Tokyo" not in browser.page.text


def test_a_dangerous_page_asks_for_the_password_once_more_and_goes_on(
    browser: PageClient, human: Human, later: Later
) -> None:
    enter(browser, human)
    later.pass_by(minutes=11)

    browser.go("/me/tokens/new")
    assert browser.path.startswith("/step-up?next=/me/tokens/new")
    browser.send(password="wrong")
    assert "This is not your current password." in browser.text
    browser.send(password=PASSWORD)

    assert browser.path == "/me/tokens/new"


def test_what_was_typed_on_a_page_that_grew_stale_goes_on_after_the_password(
    browser: PageClient, tenant: Tenant, later: Later
) -> None:
    human = Human(tenant, tenant.admin_id, "admin@x.example")
    enter(browser, human)
    browser.go("/me/tokens/new")
    later.pass_by(minutes=11)

    browser.send(name="Night run", scopes="accounts.users:read")
    browser.send(password=PASSWORD)
    browser.send()

    assert re.search(r"srp_\S+", browser.text)
    assert [token["name"] for token in tenant.document(human.id)["access_tokens"]] == ["Night run"]


def test_r32_the_answer_to_a_forgotten_password_is_the_same_for_everybody(
    browser: PageClient, human: Human
) -> None:
    shown = set()
    for email in (human.email, "nobody@x.example"):
        browser.go("/forgotten-password")
        browser.send(tenant=human.tenant.id, email=email)
        shown.add((browser.path, browser.text))

    assert len(shown) == 1
    assert "If there is an active account" in browser.text


def test_r32_the_mailed_link_sets_a_password_once(browser: PageClient, human: Human) -> None:
    link = f"/set-password?token={_link(human)}"

    browser.go(link)
    browser.send(password="short")
    assert "At least 12 characters." in browser.text
    browser.send(password=NEW)
    assert "Your new password is set." in browser.text
    browser.send(tenant=human.tenant.id, email=human.email, password=NEW)
    assert browser.path == "/me"

    browser.go(link)
    browser.send(password=NEW)
    assert "This link is not good any more" in browser.text


@pytest.mark.parametrize("token", ["", "x", "A" * 90])
def test_a_link_that_was_never_sent_is_no_good(browser: PageClient, token: str) -> None:
    browser.go(f"/set-password?token={token}")

    assert browser.page.status_code == 404
    assert "This link is not good any more" in browser.text


def test_r31_r41_a_set_password_and_an_enforced_factor_come_before_anything_else(
    browser: PageClient, human: Human, later: Later
) -> None:
    users = f"/v1/users/{human.id}"
    body = {"password": NEW, "must_change": True}
    assert put(human.tenant, f"{users}/password", body, human.tenant.token).status_code == 204
    enforced = put(human.tenant, f"{users}/two-factor", {"enforced": True}, human.tenant.token)
    assert enforced.status_code == 200

    enter(browser, human, "/sign-in?next=/me/sessions", password=NEW)
    assert "Choose a password of your own" in browser.text
    browser.go("/me/tokens")
    assert "Choose a password of your own" in browser.text
    browser.send(current_password=NEW, password=f"{NEW}!")
    assert "Your organisation asks for a second factor." in browser.text
    browser.send(password=f"{NEW}!")
    seed = re.search(r'name="secret"[^>]*value="(\w+)"', browser.page.text)
    assert seed
    browser.send(code="000000")
    assert "This code is not the right one." in browser.text
    browser.send(code=later.fresh_code(seed[1]))
    codes = re.findall(r"\b[a-z2-9]{5}-[a-z2-9]{5}\b", browser.text)
    assert len(codes) == 10
    browser.go("/me/tokens")

    assert browser.path == "/me/tokens"
    assert "No access tokens" in browser.text


def test_one_changes_ones_password_and_stays_signed_in(browser: PageClient, human: Human) -> None:
    enter(browser, human)
    browser.go("/me/password")
    browser.send(current_password="wrong", password="")
    assert "Please fill this in." in browser.text

    browser.send(current_password=PASSWORD, password=NEW)

    assert browser.path == "/me/security"
    assert "Your password is changed." in browser.text


def test_one_signs_other_devices_out(browser: PageClient, human: Human, accounts: Accounts) -> None:
    other = PageClient(accounts.app)
    enter(other, human)
    enter(browser, human)
    browser.go("/me/sessions")

    browser.send("/me/sessions/end-others")

    assert "You are signed out everywhere else." in browser.text
    assert browser.text.count("this one") == 1
    other.go("/me")
    assert other.path == "/sign-in?next=/me"


def test_a_token_is_shown_once_and_revoked(browser: PageClient, tenant: Tenant) -> None:
    enter(browser, Human(tenant, tenant.admin_id, "admin@x.example"))
    browser.go("/me/tokens/new")
    browser.send(name="")
    assert "Please fill this in." in browser.text
    browser.send(name="Night run", scopes="accounts.users:read")
    assert re.search(r"srp_\S+", browser.text)

    browser.go("/me/tokens")
    assert "srp_" not in browser.text
    assert "Night run" in browser.text
    browser.send()

    assert "No access tokens" in browser.text


def test_r10_r11_r12_the_list_shows_a_tab_searched_and_filtered(
    browser: PageClient, tenant: Tenant
) -> None:
    planner = tenant.role("Planner")
    tenant.create(last_name="Zorn", roles=[planner])
    tenant.create(last_name="Zander", first_name="Zoë")
    enter(browser, Human(tenant, tenant.admin_id, "admin@x.example"))
    assert browser.path == "/users"

    browser.go("/users?q=zoe,zor")
    assert ("Zorn, Anna" in browser.text, "Zander, Zoë" in browser.text) == (True, True)
    browser.go(f"/users?q=zoe,zor&role={planner}")
    assert ("Zorn, Anna" in browser.text, "Zander, Zoë" in browser.text) == (True, False)
    browser.go("/users?status=unbilled")
    assert "Nobody is deactivated" in browser.text
    browser.go("/users?q=nobody-has-this-name")
    assert "Nobody fits" in browser.text


@pytest.mark.parametrize(
    "query",
    [
        "status=nonsense",
        "cursor=nonsense",
        "limit=0",
        "role=x",
        "q=%00",
        "q=" + ",".join("abcdefgh"[n % 8] + str(n) for n in range(60)),
        "from=-5&cursor=x",
        "unknown=1",
    ],
)
def test_whatever_stands_in_the_address_the_list_is_shown(
    browser: PageClient, tenant: Tenant, query: str
) -> None:
    enter(browser, Human(tenant, tenant.admin_id, "admin@x.example"))

    browser.go(f"/users?{query}")

    assert browser.page.status_code == 200
    assert "Admin, Ada" in browser.text


def test_the_next_page_goes_on_after_the_last_row(browser: PageClient, tenant: Tenant) -> None:
    for letter in "abc":
        tenant.create(last_name=f"Same{letter}")
    enter(browser, Human(tenant, tenant.admin_id, "admin@x.example"))

    browser.go("/users?q=same&limit=2")
    assert "1–2 of 3" in browser.text
    following = re.search(r'rel="next" href="([^"]*)"', browser.page.text)
    assert following
    browser.go(following[1].replace("&amp;", "&"))

    assert "3–3 of 3" in browser.text
    assert "Samec, Anna" in browser.text


def test_who_may_not_read_users_is_told_so_and_begins_with_their_own_account(
    browser: PageClient, human: Human
) -> None:
    enter(browser, human)
    assert browser.path == "/me"

    browser.go("/users")

    assert browser.page.status_code == 403
    assert "You may not do this" in browser.text


def test_r1_the_page_shows_nobody_of_another_tenant(
    browser: PageClient, accounts: Accounts, tenant: Tenant
) -> None:
    other = accounts.tenant()
    other.create(last_name="Elsewhere")
    enter(browser, Human(tenant, tenant.admin_id, "admin@x.example"))

    browser.go("/users")

    assert "Elsewhere" not in browser.text


def _link(human: Human) -> str:
    """The token of a link that was mailed to somebody."""
    from staffroll_accounts.actions.changing import change
    from staffroll_accounts.domain.password_changes import send_link

    token = reset_tokens.make(human.tenant.id, human.id, secrets.token_bytes(32))
    scope = human.tenant.accounts.scope(human.tenant.id)
    cause = scope.cause("accounts")
    change(human.id, scope, lambda user: send_link(user, token, "reset", cause))
    assert clock.now() - scope.now < timedelta(minutes=1)
    return token.text

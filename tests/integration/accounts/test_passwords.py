"""Passwords set, changed and forgotten: R17, R21, R30-R33, R72, through the API and the mail."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import argon2
import pytest
from pymongo import monitoring

from staffroll import clock
from staffroll.errors import Invalid
from staffroll_accounts.actions import tenants
from staffroll_accounts.actions.tenants import NewTenant
from staffroll_accounts.domain import reset_tokens
from staffroll_accounts.here import at_rest_of, passwords_of
from staffroll_accounts.mail.chores import answering
from staffroll_accounts.mail.posting import Post
from staffroll_accounts.mail.rendering import Letterhead
from staffroll_accounts.mail.smtp import Smtp, SmtpServer
from staffroll_accounts.passwords import Passwords
from staffroll_accounts.store.mails import WaitingMails
from tests.support.accounts import PASSWORD, Accounts, Answer, Tenant, environ_of
from tests.support.apart import free_ports
from tests.support.smtp import HOST, Mailbox, mail_server, token_in

NOBODY = "0197a000-0000-7000-8000-0000000000ff"
NEW = "purple monkey dishwasher"


@pytest.fixture
def mailbox() -> Mailbox:
    return Mailbox()


@pytest.fixture
def deliver(accounts: Accounts, mailbox: Mailbox) -> Iterator[Callable[[], None]]:
    """Answer all requests for a reset and send all mail that waits, as the consumer does."""
    port = free_ports(1)[0]
    post = Post(
        WaitingMails(accounts.runtime.platform),
        Smtp(SmtpServer(HOST, port, needs_starttls=False)),
        at_rest_of(accounts.runtime),
        Letterhead.read("mail@acme.example", "https://acme.example/account"),
    )
    answer = answering(accounts.runtime)

    def now() -> None:
        answer()
        post.run()

    with mail_server(mailbox, port):
        yield now


@pytest.fixture
def hashes(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """One line for each hash that was computed."""
    seen: list[str] = []
    verify, hash_ = argon2.PasswordHasher.verify, argon2.PasswordHasher.hash

    def counted_verify(hasher: argon2.PasswordHasher, *args: Any) -> bool:
        seen.append("verify")
        return verify(hasher, *args)

    def counted_hash(hasher: argon2.PasswordHasher, *args: Any) -> str:
        seen.append("hash")
        return hash_(hasher, *args)

    monkeypatch.setattr(argon2.PasswordHasher, "verify", counted_verify)
    monkeypatch.setattr(argon2.PasswordHasher, "hash", counted_hash)
    return seen


def put(tenant: Tenant, path: str, body: Any, token: str | None = None) -> Answer:
    return tenant.accounts.send("PUT", path, token, json=body)


def sign_in(tenant: Tenant, email: str, password: str) -> Answer:
    body = {"tenant": tenant.id, "email": email, "password": password}
    return tenant.post("/v1/sign-in", body, token=None)


def forgot(tenant: Tenant, email: str, /, **changes: Any) -> Answer:
    body = {"tenant": tenant.id, "email": email, **changes}
    return tenant.accounts.send("POST", "/v1/password-resets", None, json=body)


def use(tenant: Tenant, token: str, password: str = NEW) -> Answer:
    return put(tenant, f"/v1/password-resets/{token}", {"password": password})


def codes(answer: Answer, field: str = "password") -> list[str]:
    return [each["code"] for each in answer.json["errors"][field]]


def link_to(tenant: Tenant, user_id: str, **age: float) -> str:
    """The token of a link that was sent so long ago, made as the use case makes it."""
    from staffroll_accounts.actions.changing import change
    from staffroll_accounts.domain.password_changes import send_link

    scope = tenant.accounts.scope(tenant.id)
    token = reset_tokens.make(tenant.id, user_id, secrets.token_bytes(32))
    cause = scope.cause("accounts")
    object.__setattr__(cause, "now", clock.now() - timedelta(**age))
    change(user_id, scope, lambda user: send_link(user, token, "reset", cause))
    return token.text


def test_r32_the_whole_way_through_the_mail(
    tenant: Tenant, mailbox: Mailbox, deliver: Callable[[], None]
) -> None:
    user = tenant.create(password=PASSWORD)

    asked = forgot(tenant, f"  {user['email'].upper()} ")
    deliver()
    (mail,) = mailbox.to(user["email"])
    used = use(tenant, token_in(mail))
    deliver()

    assert (asked.status_code, used.status_code) == (202, 204)
    assert sign_in(tenant, user["email"], NEW).status_code == 200
    assert sign_in(tenant, user["email"], PASSWORD).status_code == 401
    assert len(mailbox.to(user["email"], "was changed")) == 1
    assert use(tenant, token_in(mail)).json["code"] == "reset_token_invalid"


def test_r32_a_newer_mail_voids_the_older(
    tenant: Tenant, mailbox: Mailbox, deliver: Callable[[], None]
) -> None:
    user = tenant.create(password=PASSWORD)
    for _ in range(2):
        forgot(tenant, user["email"])
        deliver()
    older, newer = mailbox.to(user["email"])

    assert use(tenant, token_in(older)).json["code"] == "reset_token_invalid"
    assert use(tenant, token_in(newer)).status_code == 204


def test_r32_all_sessions_end(tenant: Tenant) -> None:
    user = tenant.create(password=PASSWORD)
    signed_in = sign_in(tenant, user["email"], PASSWORD).json

    use(tenant, link_to(tenant, user["id"]))

    again = {"grant": "refresh_token", "refresh_token": signed_in["refresh_token"]}
    assert tenant.get("/v1/me", token=signed_in["access_token"]).status_code == 401
    assert tenant.post("/v1/token", again, token=None).status_code == 401


def test_r21_it_lifts_the_lock(tenant: Tenant, lonely_tenant: Tenant) -> None:
    user = lonely_tenant.create(password=PASSWORD)
    for _ in range(3):
        sign_in(lonely_tenant, user["email"], "wrong horse battery")
    assert lonely_tenant.get(f"/v1/users/{user['id']}").json["locked"]

    use(lonely_tenant, link_to(lonely_tenant, user["id"]))

    assert sign_in(lonely_tenant, user["email"], NEW).status_code == 200
    told = [entry["type"] for entry in lonely_tenant.document(user["id"])["outbox"]]
    assert told[-2:] == ["user.sessions-revoked", "user.unlocked"]


def _wrong_tokens(tenant: Tenant, user: dict[str, Any]) -> Iterator[str]:
    good = reset_tokens.read(link_to(tenant, user["id"]))
    other = tenant.accounts.tenant()
    random = secrets.token_bytes(32)
    yield good.text[:-1]
    yield good.text + "A"
    yield good.text.swapcase()
    yield reset_tokens.make(tenant.id, user["id"], random).text
    yield reset_tokens.make(tenant.id, "0197a000-0000-7000-8000-0000000000ff", random).text
    yield reset_tokens.make("no-such-tenant", user["id"], random).text
    # The right chance under another tenant's name, and another tenant's token.
    secret = reset_tokens.make(other.id, user["id"], random).text
    yield secret
    yield reset_tokens.make(tenant.id, other.admin_id, random).text
    yield tenant.document(user["id"])["security"]["reset"]["hash"]
    yield link_to(tenant, user["id"], minutes=61)
    deactivated = tenant.create()
    late = link_to(tenant, deactivated["id"])
    _set(tenant, deactivated["id"], status="deactivated")
    yield late
    yield "x" * 2000
    yield "%00"
    yield "%E2%80%AE"
    yield "null"


def _set(tenant: Tenant, user_id: str, **fields: object) -> None:
    database = tenant.accounts.runtime.platform.database
    database["users"].update_one({"tenant_id": tenant.id, "_id": user_id}, {"$set": fields})


def test_r32_whatever_is_wrong_with_a_token_the_answer_is_the_same(
    tenant: Tenant, hashes: list[str]
) -> None:
    user = tenant.create(password=PASSWORD)
    answers = set()
    tokens = list(_wrong_tokens(tenant, user))
    hashes.clear()

    for token in tokens:
        answer = use(tenant, token)
        answers.add((answer.status_code, answer.json["code"], answer.json["detail"]))

    assert len(answers) == 1
    assert next(iter(answers))[:2] == (403, "reset_token_invalid")
    assert hashes == []


def test_r32_a_token_of_one_tenant_is_none_in_another(accounts: Accounts, tenant: Tenant) -> None:
    user, stranger = tenant.create(), accounts.tenant()
    token = reset_tokens.read(link_to(tenant, user["id"]))
    raw = token.text.encode()

    moved = reset_tokens.make(stranger.id, user["id"], raw[-32:]).text

    assert use(stranger, moved).status_code == 403
    assert use(stranger, token.text).status_code == 204
    assert sign_in(tenant, user["email"], NEW).status_code == 200


def test_r32_of_many_who_use_a_link_at_once_one_succeeds(tenant: Tenant) -> None:
    from concurrent.futures import ThreadPoolExecutor

    user = tenant.create()
    token = link_to(tenant, user["id"])

    with ThreadPoolExecutor(8) as pool:
        statuses = list(pool.map(lambda n: use(tenant, token, f"{NEW} {n}").status_code, range(8)))

    assert sorted(statuses) == [204] + [403] * 7


def test_r30_a_bad_password_does_not_use_up_the_link(tenant: Tenant) -> None:
    user = tenant.create()
    token = link_to(tenant, user["id"])

    refused = use(tenant, token, "anna")

    assert refused.status_code == 422
    assert codes(refused) == ["password_too_short", "password_common", "password_personal"]
    assert use(tenant, token).status_code == 204


def test_r32_only_a_hash_of_the_token_is_kept(tenant: Tenant) -> None:
    user = tenant.create()
    token = link_to(tenant, user["id"])

    stored = str(tenant.accounts.dump())

    assert token not in stored
    assert reset_tokens.read(token).hash in stored


class _Counting(monitoring.CommandListener):
    """The commands of this thread to the database, in order; others' work is not counted."""

    def __init__(self) -> None:
        self.commands: list[str] = []
        self._thread = threading.get_ident()

    def started(self, event: monitoring.CommandStartedEvent) -> None:
        if threading.get_ident() == self._thread:
            self.commands.append(f"{event.command_name} {event.command.get(event.command_name)}")

    def succeeded(self, event: monitoring.CommandSucceededEvent) -> None: ...

    def failed(self, event: monitoring.CommandFailedEvent) -> None: ...


@pytest.mark.parametrize("who", ["nobody", "deactivated", "locked", "no such tenant"])
def test_r32_a_stranger_learns_nothing_by_asking(
    mongodb_uri: str, prefix: str, hashes: list[str], who: str
) -> None:
    counting = _Counting()
    monitoring.register(counting)
    here = Accounts(
        environ_of(
            mongodb_uri,
            f"{prefix}quiet_",
            tries_per_account=1000,
            tries_per_address=1000,
        )
    )
    try:
        tenant = here.tenant()
        user = tenant.create(password=PASSWORD)
        other = tenant.create(password=PASSWORD)
        forgot(tenant, user["email"])
        changes = {"deactivated": {"status": "deactivated"},
                   "locked": {"security.locked_at": datetime.now(UTC)}}  # fmt: skip
        _set(tenant, other["id"], **changes.get(who, {"version": 1}))
        asked = {
            "nobody": {"email": "nobody@x.example"},
            "no such tenant": {"tenant": "no-such-tenant"},
        }.get(who, {})
        hashes.clear()

        counted = []
        answers = []
        for changed in ({"email": user["email"]}, {"email": other["email"], **asked}):
            counting.commands.clear()
            answers.append(forgot(tenant, "", **changed))
            counted.append(list(counting.commands))
    finally:
        here.close()
        monitoring._LISTENERS.command_listeners.remove(counting)

    known, unknown = answers
    assert (known.status_code, known.data) == (unknown.status_code, unknown.data) == (202, b"")
    assert set(dict(known.headers)) == set(dict(unknown.headers))
    assert counted[0] == counted[1]
    assert counted[0][-1] == "insert reset_requests"
    assert "find users" not in counted[0]
    assert hashes == []


LEAVING = {
    "number": 1, "active": False, "actor": "system:accounts", "sent_at": clock.now(),
    "resend_at": clock.now(),
}  # fmt: skip


@pytest.mark.parametrize(
    "changes",
    [{"status": "deactivated"}, {"status": "deleted"}, {"membership_wish": LEAVING}],
    ids=["deactivated", "deleted", "leaving"],
)
def test_r32_only_who_may_sign_in_gets_a_mail(
    tenant: Tenant, mailbox: Mailbox, deliver: Callable[[], None], changes: dict[str, Any]
) -> None:
    user = tenant.create()
    _set(tenant, user["id"], **changes)

    forgot(tenant, user["email"])
    forgot(tenant, "nobody@x.example")
    deliver()

    assert mailbox.to(user["email"]) == []
    assert mailbox.to("nobody@x.example") == []
    assert tenant.accounts.runtime.platform["reset_requests"].find_one({}) is None


def test_r32_nobody_of_a_suspended_tenant_gets_a_mail(
    tenant: Tenant, mailbox: Mailbox, deliver: Callable[[], None]
) -> None:
    user = tenant.create()
    found = tenant.accounts.runtime.platform["tenants"]
    found.update_one({"_id": tenant.id}, {"$set": {"status": "suspended"}})

    forgot(tenant, user["email"])
    deliver()

    assert mailbox.to(user["email"]) == []


def test_r4_a_look_alike_address_reaches_nobody(
    tenant: Tenant, mailbox: Mailbox, deliver: Callable[[], None]
) -> None:
    user = tenant.create(email="paypal@x.example")
    look_alike = "p\u0430ypal@x.example"

    assert forgot(tenant, look_alike).status_code == 202
    deliver()

    assert mailbox.to(user["email"]) == []
    assert mailbox.to(look_alike) == []


def test_r23_asking_is_limited_for_known_and_unknown_alike(mongodb_uri: str, prefix: str) -> None:
    here = Accounts(environ_of(mongodb_uri, f"{prefix}limited_", tries_per_account=2))
    try:
        tenant = here.tenant()
        user = tenant.create()
        known = [forgot(tenant, user["email"]).status_code for _ in range(3)]
        unknown = [forgot(tenant, "nobody@x.example").status_code for _ in range(3)]
    finally:
        here.close()

    assert known == unknown == [202, 202, 429]


def test_r31_an_admin_sets_a_password_and_nobody_is_told(tenant: Tenant) -> None:
    user = tenant.create(password=PASSWORD)
    session = sign_in(tenant, user["email"], PASSWORD).json

    answer = put(tenant, f"/v1/users/{user['id']}/password", {"password": NEW}, tenant.token)

    assert answer.status_code == 204
    assert tenant.get("/v1/me", token=session["access_token"]).status_code == 401
    assert sign_in(tenant, user["email"], NEW).status_code == 200
    assert tenant.document(user["id"])["mails"] == []


def test_r31_who_sets_anothers_password_entered_their_own_lately(
    accounts: Accounts, tenant: Tenant
) -> None:
    user = tenant.create(password=PASSWORD)
    long_ago = clock.now() - timedelta(minutes=11)
    token = accounts.token(tenant.id, tenant.admin_id, is_admin=True, entered_at=long_ago)

    answer = put(tenant, f"/v1/users/{user['id']}/password", {"password": NEW}, token)

    assert (answer.status_code, answer.json["code"]) == (403, "step_up_needed")
    assert sign_in(tenant, user["email"], PASSWORD).status_code == 200


def test_r31_it_must_be_changed_before_anything_else(tenant: Tenant) -> None:
    user = tenant.create()
    path = f"/v1/users/{user['id']}/password"
    put(tenant, path, {"password": PASSWORD, "must_change": True}, tenant.token)

    token = sign_in(tenant, user["email"], PASSWORD).json["access_token"]
    before = tenant.get("/v1/me/sessions", token=token).status_code
    policy = tenant.get("/v1/password-policy", token=token)
    wish = {"current_password": PASSWORD, "password": PASSWORD}
    same = put(tenant, "/v1/me/password", wish, token)
    changed = put(tenant, "/v1/me/password", {**wish, "password": NEW}, token)
    after = sign_in(tenant, user["email"], NEW).json["access_token"]

    assert before == 403
    assert policy.status_code == 200
    assert codes(same) == ["password_unchanged"]
    assert changed.status_code == 204
    assert tenant.get("/v1/me", token=after).status_code == 200


def test_one_changes_ones_own_password_and_stays_signed_in_only_here(
    tenant: Tenant, mailbox: Mailbox, deliver: Callable[[], None]
) -> None:
    user = tenant.create(password=PASSWORD)
    here, there = (sign_in(tenant, user["email"], PASSWORD).json for _ in range(2))

    wish = {"current_password": PASSWORD, "password": NEW}
    answer = put(tenant, "/v1/me/password", wish, here["access_token"])
    deliver()

    def renewed(session: dict[str, Any]) -> int:
        body = {"grant": "refresh_token", "refresh_token": session["refresh_token"]}
        return tenant.post("/v1/token", body, token=None).status_code

    assert answer.status_code == 204
    assert (renewed(here), renewed(there)) == (200, 401)
    assert sign_in(tenant, user["email"], NEW).status_code == 200
    assert len(mailbox.to(user["email"], "was changed")) == 1


def test_ones_own_password_needs_the_present_one(tenant: Tenant) -> None:
    user = tenant.create(password=PASSWORD)
    token = sign_in(tenant, user["email"], PASSWORD).json["access_token"]

    wish = {"current_password": "wrong horse battery", "password": NEW}
    answer = put(tenant, "/v1/me/password", wish, token)
    beside = put(tenant, f"/v1/users/{tenant.admin_id}/password", {"password": NEW}, tenant.token)

    assert (answer.status_code, answer.json["code"]) == (403, "current_password_wrong")
    assert (beside.status_code, beside.json["code"]) == (422, "own_password_elsewhere")
    assert sign_in(tenant, user["email"], PASSWORD).status_code == 200


def test_r72_who_edits_users_cannot_become_an_admin_by_password_mail_or_invitation(
    tenant: Tenant,
) -> None:
    editor = tenant.create()
    token = tenant.token_of(editor, "accounts.users:edit", "accounts.users:read")
    powerful = tenant.create()
    tenant.give(powerful["id"], ["scheduling.employees:edit"])
    equal = tenant.create()

    def tried(user_id: str) -> list[int]:
        mail = f"n{secrets.token_hex(6)}@x.example"
        path = f"/v1/users/{user_id}"
        return [
            put(tenant, f"{path}/password", {"password": NEW}, token).status_code,
            tenant.patch(path, {"email": mail}, token=token).status_code,
            tenant.post(f"{path}/invitations", token=token).status_code,
        ]

    refused = put(tenant, f"/v1/users/{tenant.admin_id}/password", {"password": NEW}, token)

    assert refused.json["code"] == "account_not_yours"
    assert tried(tenant.admin_id) == [422, 422, 422]
    assert tried(powerful["id"]) == [422, 422, 422]
    assert tried(equal["id"]) == [204, 200, 202]
    assert (
        tenant.patch(f"/v1/users/{powerful['id']}", {"last_name": "X"}, token=token).status_code
        == 200
    )


@pytest.mark.parametrize(
    "permission, whose, code",
    [
        # Whoever is moved may do no more than the wisher, and has data of their own to lose.
        ("people.profile:edit", "a colleague", "forbidden"),
        ("accounts.users:edit", "a colleague", None),
        ("accounts.users:edit", "an admin", "account_not_yours"),
        ("people.profile:edit", "oneself", "forbidden"),
        ("accounts.users:edit", "oneself", "email_elsewhere"),
    ],
)
def test_r15_r17_r72_nor_by_a_wish_through_another_service(
    lonely: Accounts, lonely_tenant: Tenant, permission: str, whose: str, code: str | None
) -> None:
    editor = lonely_tenant.create()
    lonely_tenant.give(editor["id"], [permission])
    ids = {"a colleague": lonely_tenant.create()["id"], "oneself": editor["id"]}
    user = lonely_tenant.document(ids.get(whose, lonely_tenant.admin_id))
    change = {"fields": {"email": "mine@x.example"}, "base_version": user["version"], "attempt": 1}
    wish = lonely_tenant.wish("user.change-requested", user["_id"], change, actor=editor["id"])

    lonely.handle(wish)

    assert (lonely_tenant.document(user["_id"])["email"] == "mine@x.example") == (code is None)
    answers = lonely_tenant.answers(wish.request_id or "")
    refusals = [one.data["code"] for one in answers if one.type == "request.rejected"]
    assert refusals == ([code] if code else [])


@pytest.mark.parametrize("actor", ["system", NOBODY])
def test_r15_who_is_not_known_here_moves_nobody_by_a_wish(
    lonely: Accounts, lonely_tenant: Tenant, actor: str
) -> None:
    user = lonely_tenant.create()
    change = {"fields": {"email": "mine@x.example"}, "base_version": 1, "attempt": 1}
    wish = lonely_tenant.wish("user.change-requested", user["id"], change, actor=actor)

    lonely.handle(wish)

    assert lonely_tenant.document(user["id"])["email"] == user["email"]


def test_who_is_invited_sets_a_password_by_the_mail(
    tenant: Tenant, mailbox: Mailbox, deliver: Callable[[], None]
) -> None:
    user = tenant.create(invite=True)
    deliver()
    again = tenant.post(f"/v1/users/{user['id']}/invitations")
    deliver()
    first, second = mailbox.to(user["email"])

    assert again.status_code == 202
    assert use(tenant, token_in(first)).status_code == 403
    assert use(tenant, token_in(second)).status_code == 204
    assert sign_in(tenant, user["email"], NEW).status_code == 200


def test_a_password_and_an_invitation_are_one_too_many(tenant: Tenant) -> None:
    body = {"last_name": "A", "first_name": "B", "email": "ab@x.example"}

    both = tenant.post("/v1/users", {**body, "password": NEW, "invite": True})

    assert both.status_code == 422
    assert "invite" in both.json["errors"]


def test_r17_old_and_new_address_are_told_in_the_write_that_changes_it(
    tenant: Tenant, mailbox: Mailbox, deliver: Callable[[], None]
) -> None:
    user = tenant.create(password=PASSWORD, language="de")
    token = sign_in(tenant, user["email"], PASSWORD).json["access_token"]
    new = f"n{secrets.token_hex(6)}@x.example"

    tenant.patch(f"/v1/users/{user['id']}", {"email": new})
    deliver()

    assert len(mailbox.to(user["email"], "E-Mail-Adresse")) == 1
    assert len(mailbox.to(new, "E-Mail-Adresse")) == 1
    assert tenant.get("/v1/me", token=token).status_code == 200
    assert sign_in(tenant, new, PASSWORD).status_code == 200


def test_r30_everything_that_is_wrong_with_a_new_user_is_said_at_once(tenant: Tenant) -> None:
    body = {"last_name": "Dragon", "first_name": "A", "email": "d@x.example", "language": "xx"}

    refused = tenant.post("/v1/users", {**body, "password": "dragon1"})

    assert refused.status_code == 422
    assert codes(refused) == ["password_too_short", "password_common", "password_personal"]
    assert codes(refused, "language") == ["language_not_offered"]


def test_r30_the_first_admin_needs_a_good_password_before_there_is_a_tenant(
    accounts: Accounts,
) -> None:
    scope = accounts.scope(f"t-{secrets.token_hex(6)}")
    wish = NewTenant(
        id=scope.tenant_id,
        name="Acme",
        languages=("en",),
        time_zone="Europe/Berlin",
        admin_email="ada.lovelace@x.example",
        admin_first_name="Ada",
        admin_last_name="Lovelace",
        admin_password="lovelace-1815",
    )

    with pytest.raises(Invalid) as refused:
        tenants.create(wish, scope, passwords_of(accounts.runtime))

    (problem,) = refused.value.errors["admin_password"]
    assert problem.code == "password_personal"
    assert scope.store.tenants.find() is None


def test_r30_the_tenant_says_how_long_it_must_be(tenant: Tenant) -> None:
    user = tenant.create()
    found = tenant.accounts.runtime.platform["tenants"]
    found.update_one({"_id": tenant.id}, {"$set": {"password_min_length": 30}})

    refused = use(tenant, link_to(tenant, user["id"]))

    assert codes(refused) == ["password_too_short"]
    assert "30" in refused.json["errors"]["password"][0]["detail"]
    assert tenant.get("/v1/password-policy").json["min_characters"] == 30


def test_the_policy_is_told_to_whoever_is_signed_in(tenant: Tenant) -> None:
    policy = tenant.get("/v1/password-policy").json

    assert (policy["min_characters"], policy["max_characters"]) == (12, 256)
    assert policy["sentences"]
    assert tenant.get("/v1/password-policy", token=None).status_code == 401


@pytest.mark.parametrize("size", [1025, 900_000, 1_048_576])
def test_r30_a_password_of_a_mebibyte_is_refused_before_any_hash(
    tenant: Tenant, hashes: list[str], size: int
) -> None:
    user = tenant.create()
    token = link_to(tenant, user["id"])
    long = "x" * size
    hashes.clear()

    answers = [
        use(tenant, token, long),
        put(tenant, f"/v1/users/{user['id']}/password", {"password": long}, tenant.token),
        put(tenant, "/v1/me/password", {"current_password": long, "password": NEW}, tenant.token),
        tenant.post("/v1/users", {"last_name": "A", "first_name": "B", "email": "a@x.example",
                                  "password": long}),
        sign_in(tenant, user["email"], long),
    ]  # fmt: skip

    assert {answer.status_code for answer in answers} <= {413, 422}
    assert hashes == []


def test_r33_a_hash_of_other_parameters_is_known_as_such(accounts: Accounts) -> None:
    passwords = Passwords(accounts.runtime.settings)  # type: ignore[arg-type]
    older = argon2.PasswordHasher(time_cost=1, memory_cost=8, parallelism=1, hash_len=16)

    assert not passwords.needs_rehash(passwords.hash(PASSWORD))
    assert passwords.needs_rehash(older.hash(PASSWORD))
    assert not passwords.needs_rehash("no hash at all")

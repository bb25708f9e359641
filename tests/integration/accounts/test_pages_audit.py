"""The page of the audit trail (R9), as a browser without scripts goes through it."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from staffroll import clock
from staffroll.audit import AuditEntry
from staffroll.ids import new_id
from staffroll.mongo.audit import AuditWriter
from staffroll.mongo.audit_trail import COLLECTION
from staffroll_accounts.pages.audit_words import HAPPENINGS
from staffroll_accounts.store import AUDITED
from tests.support.accounts import PASSWORD, Accounts, Tenant
from tests.support.page_client import PageClient
from tests.support.signed_in import entered

EVIL = "<img src=x onerror=alert(1)>"


@pytest.fixture
def admin(tenant: Tenant) -> PageClient:
    return entered(tenant)


def note(
    tenant: Tenant,
    action: str,
    subject: str,
    actor: str | None = None,
    changed: tuple[str, ...] = (),
    at: datetime | None = None,
) -> None:
    """As if it had happened."""
    tenant.accounts.scope(tenant.id).store.audit.note(
        AuditEntry(
            new_id(),
            at or clock.now(),
            action,
            actor or tenant.admin_id,
            subject,
            changed,
            "192.0.2.7",
        )
    )


def write(tenant: Tenant) -> None:
    """What waits is in the trail."""
    AuditWriter(tenant.accounts.runtime.platform, AUDITED, timedelta(seconds=-60)).run()


def sentences(browser: PageClient) -> list[str]:
    """What the shown lines say, the newest first."""
    found = re.findall(r"<p>(.*?)</p>", browser.page.text.partition("<tbody>")[2], re.DOTALL)
    return [re.sub(r"<[^>]*>", "", one) for one in found]


def test_r9_each_line_is_a_sentence_with_who_whom_what_and_from_where(
    admin: PageClient, tenant: Tenant
) -> None:
    made = tenant.create(first_name="Grace", last_name="Hopper", language="en")
    role = tenant.post("/v1/roles", {"name": EVIL, "abbreviation": "E", "category": "other"})
    assert role.status_code == 201, role.json
    note(tenant, "user.updated", made["id"], changed=("email", "roles"))
    note(tenant, "user.updated", tenant.admin_id)
    note(tenant, "sign-in.failed", made["id"], actor="anonymous")
    note(tenant, "plugin.switched-on", tenant.id, changed=("password-strength",))
    write(tenant)

    admin.go("/audit")

    told = sentences(admin)
    for sentence in (
        "Ada Admin created Grace Hopper.",
        "Ada Admin created the role &lt;img src=x onerror=alert(1)&gt;.",
        "Ada Admin changed Grace Hopper.",
        "Ada Admin changed their own data.",
        "Somebody tried to sign in as Grace Hopper, with a wrong password or code.",
        "Ada Admin switched the plugin password-strength on.",
        "Ada Admin signed in.",
    ):
        assert sentence in told
    assert "E-mail address User roles" in admin.text
    assert "192.0.2.7" in admin.text
    assert f'href="/users/{made["id"]}"' in admin.page.text
    assert EVIL not in admin.page.text
    assert re.search(r"\d:\d\d\W[AP]M (CET|CEST)|\d:\d\d (CET|CEST)", admin.text), "no zone"


def test_every_action_that_has_words_is_shown_by_them(admin: PageClient, tenant: Tenant) -> None:
    other = tenant.create(first_name="Grace", last_name="Hopper")
    for action in HAPPENINGS:
        note(tenant, action, other["id"], changed=("failing",))
    note(tenant, "dance.begun", other["id"])
    write(tenant)

    admin.go("/audit?limit=200")

    told = sentences(admin)
    assert len(told) >= len(HAPPENINGS)
    assert not [one for one in told if "%(" in one]
    assert [one for one in told if "did something to" in one] == [
        "Ada Admin did something to Grace Hopper."
    ]


def test_filters_find_by_name_by_group_and_by_the_readers_days(
    admin: PageClient, tenant: Tenant
) -> None:
    grace = tenant.create(first_name="Grace", last_name="Hopper")
    tenant.create(first_name="Grace", last_name="Kelly")
    zone = ZoneInfo("Europe/Berlin")
    for hour, name in ((0, "late"), (23, "early")):
        at = datetime(2024, 3, 10, hour, 30, tzinfo=zone).astimezone(UTC)
        note(tenant, "password.set", grace["id"], changed=(name,), at=at)
    write(tenant)

    admin.go("/audit?whom=grace+hopper&what=passwords")
    assert sentences(admin) == ["Ada Admin set a new password for Grace Hopper."] * 2
    admin.go("/audit?first_day=2024-03-10&last_day=2024-03-10&who=&whom=&what=")
    assert len(sentences(admin)) == 2
    for bounds in ("last_day=2024-03-09", "first_day=2024-03-11&last_day=2024-03-12"):
        admin.go(f"/audit?{bounds}")
        assert "Nothing fits" in admin.text
    for days in ("first_day=0001-01-01", "last_day=9999-12-31"):
        assert admin.go(f"/audit?{days}&what=password.set").status_code == 200
        assert len(sentences(admin)) == 2, days

    note(tenant, "tenant.updated", tenant.id, changed=("name",))
    write(tenant)
    admin.go(f"/audit?whom={tenant.id}")
    assert sentences(admin) == ["Ada Admin changed settings of the organisation."]

    admin.go("/audit?whom=grace")
    assert "Whom do you mean?" in admin.text
    assert sentences(admin) == []
    assert f"?whom={grace['id']}" in admin.page.text
    admin.go("/audit?who=nobody-at-all")
    assert "Nobody fits “nobody-at-all”" in admin.text
    admin.go(f"/audit?who={EVIL}&what=nonsense")
    assert admin.page.status_code == 200
    assert EVIL not in admin.page.text


def test_pages_go_on_where_the_one_before_ended(admin: PageClient, tenant: Tenant) -> None:
    for index in range(5):
        note(tenant, f"dance.step-{index}", tenant.admin_id)
    write(tenant)
    seen: list[str] = []

    admin.go("/audit?limit=2")
    while True:
        seen += re.findall(r"dance\.step-\d", admin.page.text)
        following = admin.page.text.partition('rel="next" href="')[2].partition('"')[0]
        if not following:
            break
        admin.go(following.replace("&amp;", "&"))

    assert seen == [f"dance.step-{index}" for index in (4, 3, 2, 1, 0)]
    assert admin.go("/audit?cursor=nonsense").status_code == 200
    assert "This cursor does not come from this list" in admin.text


def test_the_download_has_the_lines_that_the_filters_show(
    admin: PageClient, tenant: Tenant
) -> None:
    other = tenant.create()
    note(tenant, "password.set", other["id"])
    write(tenant)

    answer = admin.go("/audit/download?what=passwords")

    assert answer.headers["Content-Disposition"].startswith("attachment; filename=")
    (line,) = [json.loads(one) for one in answer.text.splitlines()]
    assert (line["action"], line["subject"]) == ("password.set", other["id"])


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("who=nobody-at-all", "Nobody fits “nobody-at-all”, or several people do."),
        ("first_day=yesterday", "This is not a date such as 2026-12-31."),
        ("what=everything", "Must be one of"),
    ],
)
def test_a_filter_that_cannot_be_read_downloads_nothing(
    admin: PageClient, query: str, said: str
) -> None:
    answer = admin.go(f"/audit/download?{query}")

    assert (answer.status_code, answer.mimetype) == (422, "text/html")
    assert said in admin.text


def test_an_empty_trail_says_what_will_stand_there(admin: PageClient, tenant: Tenant) -> None:
    tenant.accounts.runtime.tenant(tenant.id)[COLLECTION].delete_many({})

    admin.go("/audit")

    assert "Nothing has been noted yet" in admin.text


def test_who_may_not_see_users_sees_no_names_in_the_trail(
    tenant: Tenant, accounts: Accounts
) -> None:
    grace = tenant.create(first_name="Grace", last_name="Hopper")
    made = tenant.create(password=PASSWORD, language="en")
    tenant.give(made["id"], ["accounts.audit:read"])
    reader = entered(tenant, made["email"])
    write(tenant)

    reader.go("/audit")
    assert 'href="/audit"' in reader.page.text.partition("<main")[0]
    assert "Hopper" not in reader.text
    admin_id = tenant.admin_id[-8:]
    assert f"user {admin_id} created user {grace['id'][-8:]}." in sentences(reader)
    reader.go("/audit?whom=grace")
    assert "Nobody fits" in reader.text
    reader.go(f"/audit?whom={grace['id']}")
    assert len(sentences(reader)) == 1
    assert grace["email"] not in reader.page.text

    nobody = entered(tenant, tenant.create(password=PASSWORD)["email"])
    for path in ("/audit", "/audit/download"):
        assert nobody.go(path).status_code == 403, path
    nobody.go("/me")
    assert "/audit" not in nobody.page.text.partition("<main")[0]


def test_whoever_was_deleted_has_no_name_in_the_trail(admin: PageClient, tenant: Tenant) -> None:
    gone = new_id()
    users = tenant.accounts.runtime.tenant(tenant.id)["users"]
    tombstone = {**tenant.document(tenant.create()["id"]), "_id": gone, "status": "deleted"}
    for name in ("tenant_id", "email_key", "once"):
        tombstone.pop(name, None)
    users.insert_one({**tombstone, "email_key": gone, "audit": [], "outbox": []})
    note(tenant, "user.deleted", gone)
    write(tenant)

    admin.go("/audit?what=user.deleted")

    assert sentences(admin) == [f"Ada Admin deleted user {gone[-8:]} (deleted)."]

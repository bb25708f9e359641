"""The pages of imports: a file is looked at, then becomes users (R95)."""

from __future__ import annotations

import csv
import importlib
import io
from datetime import timedelta
from typing import Any

import pytest

from staffroll import clock
from staffroll.erasing import job_files_erased
from staffroll.mongo.erasing import Due
from staffroll_accounts import due
from staffroll_accounts.actions import deletion
from staffroll_accounts.domain import imports as rules
from tests.integration.accounts.test_pages_users import EVIL, entered, with_role
from tests.support.accounts import Tenant
from tests.support.page_client import PageClient
from tests.support.waiting import eventually

HEAD = "Last name,First name,Email\r\n"
THREE = f'{HEAD}Berg,Ada,ada.berg@x.example\r\n"{EVIL}",Bo,bo@x.example\r\n=1+1,Cy,cy@x.example\r\n'


@pytest.fixture
def admin(tenant: Tenant) -> PageClient:
    return entered(tenant)


@pytest.fixture(autouse=True)
def nobody_to_wait_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(due, "_PAUSE_MAX_SECONDS", 0.0)


def upload(browser: PageClient, data: str | bytes, **typed: Any) -> None:
    """Choose a file on the page of imports, and send it."""
    browser.go("/imports")
    raw = data.encode() if isinstance(data, str) else data
    browser.send(file=(io.BytesIO(raw), "people.csv"), **typed)


def let_run(browser: PageClient, tenant: Tenant) -> None:
    """Until what the present page shows is over."""
    runner = due.import_runner(tenant.accounts.runtime)

    def is_over() -> bool:
        runner.run()
        return 'data-again="1"' not in browser.go(browser.path).text

    eventually(is_over, 60)


def names(tenant: Tenant) -> list[str]:
    found = tenant.accounts.runtime.platform["users"].find(
        {"tenant_id": tenant.id, "_id": {"$ne": tenant.admin_id}, "status": "active"}
    )
    return sorted(one["last_name"] for one in found)


def kept_pieces(tenant: Tenant) -> int:
    return tenant.accounts.runtime.platform["job_files"].count_documents({"tenant_id": tenant.id})


def test_r95_a_file_is_looked_at_then_becomes_users(admin: PageClient, tenant: Tenant) -> None:
    upload(admin, THREE)
    assert "Waits for its turn: 3 lines" in admin.text
    assert '<noscript><meta http-equiv="refresh"' in admin.page.text
    let_run(admin, tenant)

    assert "2 would be created" in admin.text
    assert "1 refused" in admin.text
    assert "Read as UTF-8, separated by comma." in admin.text
    assert "Last name =1+1 : Must not begin with = + - @ or a tab, nor have these" in admin.text
    assert EVIL not in admin.page.text
    assert EVIL in admin.text
    assert names(tenant) == []

    check = admin.path
    admin.send(f"{check}/start")
    assert admin.path != check
    let_run(admin, tenant)
    assert "Done: 2 users are created." in admin.text
    assert EVIL not in admin.page.text
    assert EVIL in admin.text
    assert names(tenant) == [EVIL, "Berg"]
    due.import_runner(tenant.accounts.runtime).run()
    assert kept_pieces(tenant) == 0

    admin.go(check)
    assert "To the import of this file" in admin.text
    admin.go("/imports")
    assert "Check" in admin.text
    assert "1–2 of 2" in admin.text
    assert "Ada Admin" in admin.text


def test_r95_starting_twice_imports_once(admin: PageClient, tenant: Tenant) -> None:
    upload(admin, THREE)
    let_run(admin, tenant)
    check, token = admin.path, admin._form("")[1]["csrf_token"]

    admin.post(f"{check}/start", csrf_token=token)
    first = admin.path
    admin.post(f"{check}/start", csrf_token=token)

    assert admin.path == first != check
    assert tenant.get("/v1/imports").json["total"] == 2


def test_r95_who_is_created_is_invited_where_wished(admin: PageClient, tenant: Tenant) -> None:
    upload(admin, f"{HEAD}Berg,Ada,ada.berg@x.example\r\n", invite="y")
    let_run(admin, tenant)
    assert "Each of them gets an invitation by e-mail." in admin.text
    admin.send(f"{admin.path}/start")
    let_run(admin, tenant)

    made = tenant.get("/v1/users?q=berg").json["items"][0]
    assert len(tenant.document(made["id"])["mails"]) == 1
    assert f'href="/users/{made["id"]}"' in admin.page.text


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"\x81\x8d\x8f", "This is not text in UTF-8"),
        (b"Berg,Ada,ada@x.example\n", "Missing: Last name, First name, Email."),
        (HEAD.replace("Email", EVIL).encode(), f"Not understood: “{EVIL}”."),
        (b"Email,Email,Last name,First name\n", "There twice: “email”."),
        (HEAD.encode(), "no row below the line that names the columns"),
        ((HEAD + "a,b,c@x.example\n" * 6).encode(), "At most 5 rows"),
        (b"x" * 4_001, "The file has more than"),
    ],
)
def test_r95_a_file_that_is_refused_is_told_so_at_its_field(
    admin: PageClient, tenant: Tenant, monkeypatch: pytest.MonkeyPatch, data: bytes, said: str
) -> None:
    monkeypatch.setattr(rules, "ROWS_MAX", 5)
    page_module = importlib.import_module("staffroll_accounts.pages.imports")
    monkeypatch.setattr(page_module, "FILE_MAX_BYTES", 4_000)

    upload(admin, data, invite="y")

    assert admin.page.status_code == 422
    assert said.lower() in admin.text.lower()
    assert "CSV file :" in admin.text
    assert 'id="file-wrong"' in admin.page.text
    assert EVIL not in admin.page.text
    assert admin._form("")[1]["invite"] == "y"
    assert kept_pieces(tenant) == 0


def test_no_file_is_told_so_at_its_field(admin: PageClient) -> None:
    admin.go("/imports")
    admin.send()

    assert admin.page.status_code == 422
    assert "CSV file : Please fill this in." in admin.text


def test_r95_each_problem_is_told_by_line_and_column_and_can_be_downloaded(
    admin: PageClient, tenant: Tenant
) -> None:
    upload(
        admin,
        "Email;Last name;First name;Roles\r\n"
        "nonsense;;Bo;King\r\n"
        "admin@x.example;Berg;Ada;\r\n"
        "a@x.example;Berg;Ada;\r\n"
        "A@X.example;Berg;Ada;\r\n"
        "only;three;cells\r\n",
    )
    let_run(admin, tenant)
    assert "Email nonsense : This is not an e-mail address." in admin.text
    admin.go(f"{admin.path}?outcome=created")
    assert "1–1 of 1" in admin.text

    answer = admin.client.get(f"{admin.path.partition('?')[0]}/refused.csv")

    assert answer.headers["Content-Disposition"] == 'attachment; filename="refused-lines.csv"'
    found = list(csv.reader(io.StringIO(answer.data.decode("utf-8-sig"))))
    assert [(line, column, code) for line, column, _, code in found] == [
        ("Line", "Column", "Code"),
        ("2", "Last name", "required"),
        ("2", "Email", "email_invalid"),
        ("2", "Roles", "role_unknown"),
        ("3", "Email", "email_taken"),
        ("5", "Email", "twice_in_file"),
        ("6", "", "row_ragged"),
    ]
    assert found[5][2] == "Line 4 has the same e-mail address."


def test_the_example_can_be_imported_as_it_is(admin: PageClient, tenant: Tenant) -> None:
    example = admin.client.get("/imports/example.csv")

    upload(admin, example.data)
    let_run(admin, tenant)

    assert "2 would be created" in admin.text
    assert "0 refused" in admin.text


def test_a_check_can_be_cancelled_and_its_file_forgotten(admin: PageClient, tenant: Tenant) -> None:
    upload(admin, THREE)
    admin.send(f"{admin.path}/cancel")
    assert "Cancelled. Nobody was created." in admin.text
    upload(admin, THREE)
    let_run(admin, tenant)
    check = admin.path
    admin.send(f"{check}/cancel")
    assert "The file is forgotten." in admin.text
    due.import_runner(tenant.accounts.runtime).run()
    assert kept_pieces(tenant) == 0

    admin.go(check)
    assert "The file is not kept any more." in admin.text
    assert "Berg" not in admin.text
    token = admin._form("/session/end")[1]["csrf_token"]
    admin.post(f"{check}/start", csrf_token=token)
    assert "Choose it once more." in admin.text
    assert names(tenant) == []


def test_r62_whoever_is_deleted_after_the_file_was_sent_does_not_come_back(
    admin: PageClient, tenant: Tenant
) -> None:
    theirs = tenant.create(last_name="Berg", first_name="Ada", email="ada.berg@x.example")
    upload(admin, THREE)
    let_run(admin, tenant)
    check = admin.path
    assert "1 there already, unchanged" in admin.text
    deletion.delete(theirs["id"], tenant.accounts.scope(tenant.id), expected=None)
    admin.send(f"{check}/start")
    assert "Choose it once more." in admin.text

    is_erased = job_files_erased(tenant.accounts.runtime)
    since = clock.now()
    assert not is_erased(Due(tenant.id, theirs["id"], since))
    later = since - timedelta(minutes=2)
    pieces = tenant.accounts.runtime.platform["job_files"]
    pieces.update_many({"tenant_id": tenant.id}, {"$set": {"at": later}})
    assert is_erased(Due(tenant.id, theirs["id"], later))
    assert kept_pieces(tenant) == 0
    assert names(tenant) == []


def test_r62_a_deletion_at_the_very_moment_of_the_start_stops_the_import(
    admin: PageClient, tenant: Tenant
) -> None:
    theirs = tenant.create(last_name="Berg", first_name="Ada", email="ada.berg@x.example")
    upload(admin, THREE)
    let_run(admin, tenant)
    admin.send(f"{admin.path}/start")
    document = tenant.accounts.runtime.platform["users"]
    document.update_one(
        {"_id": theirs["id"], "tenant_id": tenant.id},
        {
            "$set": {"erasure": {"at": clock.now()}, "status": "deleted"},
            "$unset": {"email_key": ""},
        },
    )

    let_run(admin, tenant)

    assert "This stopped: The file is not there any more." in admin.text
    assert names(tenant) == []


def test_only_whoever_sent_a_file_sees_it_and_goes_on_with_it(
    admin: PageClient, tenant: Tenant
) -> None:
    upload(admin, THREE)
    let_run(admin, tenant)
    check = admin.path
    other = with_role(tenant, "accounts.users:read", "accounts.imports:edit")

    other.go(check)
    assert "Only Ada Admin can go on with this file." in other.text
    assert "Berg" not in other.text
    token = other._form("/session/end")[1]["csrf_token"]
    assert other.post(f"{check}/start", csrf_token=token).status_code == 404
    assert tenant.get("/v1/imports").json["total"] == 1


def test_who_may_not_see_users_does_not_see_who_imported(tenant: Tenant, admin: PageClient) -> None:
    upload(admin, THREE)
    path = admin.path
    let_run(admin, tenant)
    name = "Ada Admin"
    importer = with_role(tenant, "accounts.imports:edit")
    knower = with_role(tenant, "accounts.imports:edit", "accounts.users:read")

    importer.go("/imports")
    assert name not in importer.text
    assert "somebody else" in importer.text
    importer.go(path)
    assert name not in importer.text
    assert "Only somebody else can go on with this file." in importer.text
    knower.go("/imports")
    assert name in knower.text


def test_without_the_right_or_from_elsewhere_nothing_is_imported(
    admin: PageClient, tenant: Tenant
) -> None:
    upload(admin, THREE)
    let_run(admin, tenant)
    check = admin.path
    assert admin.post(f"{check}/start").status_code == 403
    admin.post("/imports", file=(io.BytesIO(THREE.encode()), "people.csv"))
    assert tenant.get("/v1/imports").json["total"] == 1
    reader = with_role(tenant, "accounts.users:read")
    assert "Imports" not in reader.text
    assert 'href="/imports"' not in reader.page.text
    for path in ("/imports", check, f"{check}/refused.csv", "/imports/example.csv"):
        assert reader.go(path).status_code == 403, path
    stranger = entered(tenant.accounts.tenant())
    assert stranger.go(check).status_code == 404
    stranger.go("/imports")
    assert "No imports yet" in stranger.text


def test_too_many_at_once_are_told_so(
    admin: PageClient, tenant: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    upload(admin, THREE)
    let_run(admin, tenant)
    monkeypatch.setattr(rules, "OPEN_MAX", 0)

    admin.send(f"{admin.path}/start")
    assert "No more than 0 imports" in admin.text
    upload(admin, THREE)
    assert admin.page.status_code == 422
    assert "No more than 0 imports" in admin.text

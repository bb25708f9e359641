"""R95: a file becomes users, once, however often it is sent and whatever is killed meanwhile."""

from __future__ import annotations

import csv
import io
import json
from collections import Counter
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from staffroll import clock
from staffroll.erasing import job_files_erased
from staffroll.errors import OutboxFull
from staffroll.ids import new_id
from staffroll.jobs import Job, JobRunner
from staffroll.mongo.audit import AuditWriter
from staffroll.mongo.erasing import Due
from staffroll_accounts import due
from staffroll_accounts.actions import imports as actions
from staffroll_accounts.actions import roles as role_actions
from staffroll_accounts.actions import tenants
from staffroll_accounts.domain import imports as rules
from staffroll_accounts.store import AUDITED
from tests.support.accounts import Accounts, Answer, Tenant
from tests.support.waiting import eventually

HEAD = ["Last name", "First name", "Email"]


class Killed(BaseException):
    """The process ends here, without a word."""


def a_file(rows: Sequence[Sequence[str]], head: Sequence[str] = HEAD) -> bytes:
    text = io.StringIO()
    csv.writer(text).writerows([head, *rows])
    return text.getvalue().encode()


def people(count: int, name: str = "Berg") -> list[list[str]]:
    return [[f"{name}{number}", "Ada", f"{name}{number}@x.example"] for number in range(count)]


def send(tenant: Tenant, data: bytes, query: str = "", **options: Any) -> Answer:
    path = f"/v1/imports{query}"
    return tenant.accounts.send(
        "POST",
        path,
        options.pop("token", tenant.token),
        data=data,
        content_type=options.pop("content_type", "text/csv"),
        **options,
    )


def started(tenant: Tenant, data: bytes, query: str = "", **options: Any) -> str:
    """The path of a new import."""
    response = send(tenant, data, query, **options)
    assert response.status_code == 202, response.text
    path: str = response.headers["Location"]
    return path


def run(tenant: Tenant, path: str) -> dict[str, Any]:
    """The import, once it is over."""
    runner = due.import_runner(tenant.accounts.runtime)

    def is_over() -> bool:
        runner.run()
        return tenant.get(path).json["state"] not in ("queued", "running")

    eventually(is_over, 60)
    found: dict[str, Any] = tenant.get(path).json
    return found


def imported(tenant: Tenant, rows: Sequence[Sequence[str]], query: str = "", **options: Any) -> Any:
    """What became of each line."""
    head = options.pop("head", HEAD)
    path = started(tenant, a_file(rows, head), query, **options)
    run(tenant, path)
    return results(tenant, path)


def results(tenant: Tenant, path: str, query: str = "") -> list[dict[str, Any]]:
    """All of them, page by page."""
    found: list[dict[str, Any]] = []
    cursor = ""
    while True:
        page = tenant.get(f"{path}/results?limit=200&{query}{cursor}").json
        found.extend(page["items"])
        if page["next_cursor"] is None:
            assert len(found) == page["total"]
            return found
        cursor = f"&cursor={page['next_cursor']}"


def outcomes(found: Sequence[dict[str, Any]]) -> list[tuple[int, str, str | None]]:
    return [(one["line"], one["outcome"], one.get("code")) for one in found]


def users(tenant: Tenant) -> list[tuple[str, str, str]]:
    database = tenant.accounts.runtime.platform.database
    found = database["users"].find({"tenant_id": tenant.id, "_id": {"$ne": tenant.admin_id}})
    return sorted((one["last_name"], one["first_name"], one["email"]) for one in found)


@pytest.fixture(autouse=True)
def nobody_to_wait_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody follows accounts here, so that what it says would be waited for."""
    monkeypatch.setattr(due, "_PAUSE_MAX_SECONDS", 0.0)


@pytest.fixture
def kill(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Lets the process be killed after it created the users of a piece."""

    def arm() -> None:
        save = JobRunner._save

        def die(self: JobRunner, job: Job, progress: Any) -> Any:
            monkeypatch.setattr(JobRunner, "_save", save)
            raise Killed

        monkeypatch.setattr(JobRunner, "_save", die)

    return arm


def forsake(tenant: Tenant) -> None:
    """Let the lease of whoever held the tenant's job have run out."""
    jobs = tenant.accounts.runtime.platform["jobs"]
    jobs.update_many(
        {"tenant_id": tenant.id, "due_at": {"$exists": True}}, {"$set": {"due_at": clock.now()}}
    )


def test_r95_each_row_becomes_a_user_like_any_other(tenant: Tenant) -> None:
    path = started(tenant, a_file(people(450)))

    job = run(tenant, path)

    assert (job["state"], job["total"], job["done"], job["failed"]) == ("done", 450, 450, 0)
    assert job["counts"] == {"created": 450}
    assert users(tenant) == sorted((last, first, email) for last, first, email in people(450))
    found = results(tenant, path)
    assert [one["line"] for one in found] == list(range(2, 452))
    one = tenant.document(found[0]["user_id"])
    assert (one["created_in"], one["version"], one["status"]) == ("accounts", 1, "active")
    assert (one["language"], one["time_zone"], one["roles"]) == ("en", "Europe/Berlin", [])
    eventually(lambda: tenant.document(found[-1]["user_id"])["outbox"] == [])


def test_r9_whoever_imports_is_who_creates(tenant: Tenant) -> None:
    found = imported(tenant, people(1))

    entry = tenant.document(found[0]["user_id"])["audit"][0]
    assert (entry["actor"], entry["action"]) == (tenant.admin_id, "user.created")
    assert entry["address"] == "127.0.0.1"
    assert entry["correlation_id"]


def test_r95_the_file_is_told_of_and_its_first_lines_shown_once(tenant: Tenant) -> None:
    response = send(
        tenant, "Email;Last name;First name\na@x.example;Müller;Anna\n".encode("cp1252")
    )

    told = response.json
    assert (told["state"], told["encoding"], told["separator"]) == ("queued", "windows-1252", ";")
    values = {"email": "a@x.example", "last_name": "Müller", "first_name": "Anna"}
    assert told["preview"] == [{"line": 2, "values": values, "problem": None}]
    assert "preview" not in tenant.get(response.headers["Location"]).json


def test_r95_more_columns_give_language_zone_and_roles(tenant: Tenant) -> None:
    head = [*HEAD, "Language", "Time zone", "Roles"]

    found = imported(
        tenant, [["Berg", "Bo", "bo@x.example", "de", "Asia/Tokyo", "agent|PLANNER"]], head=head
    )

    user = tenant.get(f"/v1/users/{found[0]['user_id']}").json
    assert (user["language"], user["time_zone"]) == ("de", "Asia/Tokyo")
    assert set(user["roles"]) == {tenant.role("Agent"), tenant.role("Planner")}


def test_r95_what_is_wrong_with_a_row_is_said_by_line_and_field(tenant: Tenant) -> None:
    head = [*HEAD, "Language", "Time zone", "Roles"]
    good = ["Berg", "Bo", "bo@x.example", "", "", ""]
    bad = [
        (["", "Bo", "b1@x.example", "", "", ""], {"last_name": ["required"]}),
        (["Berg", " ", "b2@x.example", "", "", ""], {"first_name": ["required"]}),
        (["Berg", "Bo", "", "", "", ""], {"email": ["required"]}),
        (["Berg", "Bo", "nonsense", "", "", ""], {"email": ["email_invalid"]}),
        (["=1+1", "Bo", "b3@x.example", "", "", ""], {"last_name": ["formula_start"]}),
        (
            ["x;=cmd|'/C calc'!A1", "B", "bb@x.example", "", "", ""],
            {"last_name": ["formula_start"]},
        ),
        (["Berg", "@Bo", "b4@x.example", "", "", ""], {"first_name": ["formula_start"]}),
        (["B\0rg", "Bo", "b5@x.example", "", "", ""], {"last_name": ["control_characters"]}),
        (["B" * 101, "Bo", "b6@x.example", "", "", ""], {"last_name": ["too_long"]}),
        (["Berg", "Bo", "b7@x.example", "fr", "", ""], {"language": ["language_not_offered"]}),
        (["Berg", "Bo", "b8@x.example", "", "Mars", ""], {"time_zone": ["time_zone_unknown"]}),
        (["Berg", "Bo", "b9@x.example", "", "", "King"], {"roles": ["role_unknown"]}),
        (
            ["", "", "x", "fr", "Mars", "King"],
            {
                "last_name": ["required"],
                "first_name": ["required"],
                "email": ["email_invalid"],
                "language": ["language_not_offered"],
                "time_zone": ["time_zone_unknown"],
                "roles": ["role_unknown"],
            },
        ),
    ]

    found = imported(tenant, [good, *(row for row, _ in bad)], head=head)

    assert outcomes(found) == [
        (2, "created", None),
        *((number, "refused", "invalid") for number in range(3, 3 + len(bad))),
    ]
    assert [one["errors"] for one in found[1:]] == [errors for _, errors in bad]
    assert users(tenant) == [("Berg", "Bo", "bo@x.example")]


def test_r95_rows_that_cannot_be_read_spoil_no_other(tenant: Tenant) -> None:
    data = a_file(people(1)) + b'a,b\r\na,"b,c\r\n' + b"Last,One,last@x.example\r\n"
    path = started(tenant, data)

    run(tenant, path)

    assert outcomes(results(tenant, path)) == [
        (2, "created", None),
        (3, "refused", "row_ragged"),
        (4, "refused", "row_unreadable"),
        (5, "created", None),
    ]


def test_r95_the_same_file_again_changes_nothing(tenant: Tenant) -> None:
    imported(tenant, people(250))
    before = users(tenant)
    count = tenant.accounts.runtime.platform["users"].count_documents({"tenant_id": tenant.id})

    again = imported(tenant, people(250))

    assert Counter(one["outcome"] for one in again) == {"unchanged": 250}
    assert users(tenant) == before
    assert count == 251


def test_r4_an_address_that_somebody_else_has_is_refused(tenant: Tenant) -> None:
    theirs = tenant.create(last_name="Other", email="berg0@x.example")

    found = imported(tenant, people(2))

    assert outcomes(found) == [(2, "refused", "email_taken"), (3, "created", None)]
    assert found[0]["errors"] == {"email": ["email_taken"]}
    assert tenant.get(f"/v1/users/{theirs['id']}").json["last_name"] == "Other"


def test_r95_the_same_address_twice_in_a_file_counts_once(tenant: Tenant) -> None:
    rows = [*people(1), *people(1), ["Other", "Bo", "BERG0@X.example"]]

    found = imported(tenant, rows)

    assert outcomes(found) == [
        (2, "created", None),
        (3, "refused", "twice_in_file"),
        (4, "refused", "twice_in_file"),
    ]
    assert [one.get("first_line") for one in found] == [None, 2, 2]


def test_r95_a_dry_run_looks_at_everything_and_creates_nobody(tenant: Tenant) -> None:
    tenant.create(last_name="Other", email="berg0@x.example")
    tenant.create(last_name="Berg1", first_name="Ada", email="berg1@x.example")
    rows = [*people(3), ["", "", ""], ["Last", "", "last@x.example"], *people(3)[2:]]
    before = users(tenant)

    dry = imported(tenant, rows, "?dry_run=true")
    after = users(tenant)
    wet = imported(tenant, rows)

    assert after == before
    assert outcomes(dry) == outcomes(wet)
    assert outcomes(dry) == [
        (2, "refused", "email_taken"),
        (3, "unchanged", None),
        (4, "created", None),
        (6, "refused", "invalid"),
        (7, "refused", "twice_in_file"),
    ]
    assert [one.get("user_id") is None for one in dry] == [True, False, True, True, True]


def test_r95_whoever_is_created_may_be_invited_by_mail(tenant: Tenant) -> None:
    found = imported(tenant, people(2), "?invite=true")

    for one in found:
        user = tenant.document(one["user_id"])
        assert len(user["mails"]) == 1
        assert user["security"]["reset"]["purpose"] == "invitation"


def test_r72_nobody_imports_users_with_roles_beyond_their_own(tenant: Tenant) -> None:
    importer = tenant.create(last_name="Importer")
    token = tenant.token_of(importer, "accounts.imports:edit")
    head = [*HEAD, "Roles"]

    found = imported(
        tenant,
        [["Berg", "Bo", "bo@x.example", "Planner"], ["Berg", "Al", "al@x.example", ""]],
        head=head,
        token=token,
    )

    assert outcomes(found) == [(2, "refused", "role_not_yours"), (3, "created", None)]


@pytest.mark.parametrize(
    "change, code",
    [({"status": "deactivated"}, "starter_gone"), ({"roles": []}, "forbidden")],
)
def test_r74_who_may_not_import_any_more_creates_nobody(
    tenant: Tenant, change: dict[str, Any], code: str
) -> None:
    importer = tenant.create(last_name="Importer")
    path = started(
        tenant, a_file(people(3)), token=tenant.token_of(importer, "accounts.imports:edit")
    )
    tenant.accounts.runtime.platform["users"].update_one(
        {"tenant_id": tenant.id, "_id": importer["id"]}, {"$set": change}
    )

    job = run(tenant, path)

    assert (job["state"], job["failure"]["code"], job["done"]) == ("failed", code, 0)
    assert len(users(tenant)) == 1


def test_r95_killed_after_creating_repeats_the_step_and_doubles_nobody(
    tenant: Tenant, kill: Any
) -> None:
    path = started(tenant, a_file(people(450)))
    kill()
    with pytest.raises(Killed):
        due.import_runner(tenant.accounts.runtime).run()
    forsake(tenant)
    moved = tenant.accounts.runtime.platform["users"].find_one_and_update(
        {"tenant_id": tenant.id, "last_name": "Berg7"},
        {"$set": {"email_key": "elsewhere@x.example", "email": "elsewhere@x.example"}},
    )

    job = run(tenant, path)

    assert job["counts"] == {"created": 450}
    assert len(users(tenant)) == 450
    assert moved is not None
    assert results(tenant, path)[7]["user_id"] == moved["_id"]


def test_r95_an_address_taken_at_this_very_moment_is_judged_anew(
    tenant: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = started(tenant, a_file(people(3)))
    look = actions._Importing.round

    def be_late(self: Any, lines: Any, ids: Any) -> Any:
        monkeypatch.setattr(actions._Importing, "round", look)
        known = self._scope.store.many_users.known

        def known_before(emails: Any) -> Any:
            found = known(emails)
            tenant.create(last_name="Other", email="berg1@x.example")
            return found

        self._scope.store.many_users.known = known_before
        try:
            return look(self, lines, ids)
        finally:
            self._scope.store.many_users.known = known

    monkeypatch.setattr(actions._Importing, "round", be_late)
    run(tenant, path)

    assert outcomes(results(tenant, path)) == [
        (2, "created", None),
        (3, "refused", "email_taken"),
        (4, "created", None),
    ]


def test_r71_who_is_imported_gets_no_role_that_was_deleted_meanwhile(
    tenant: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    role = tenant.post("/v1/roles", {"name": "Extra", "category": "other"}).json["id"]
    monkeypatch.setattr(actions, "CREATED_AT_ONCE", 1)
    monkeypatch.setattr(role_actions, "SETTLED_AFTER", timedelta(0))
    create = actions._Importing._create

    def and_delete(self: Any, decisions: Any) -> Any:
        created = create(self, decisions)
        monkeypatch.setattr(actions._Importing, "_create", create)
        path = f"/v1/roles/{role}?remove_from=1"
        deleted = tenant.accounts.send("DELETE", path, tenant.token)
        assert deleted.status_code == 204, deleted.text
        due.finish_roles(tenant.accounts.runtime).run()
        return created

    monkeypatch.setattr(actions._Importing, "_create", and_delete)
    rows = [[*row, "Extra"] for row in people(3)]

    found = imported(tenant, rows, head=[*HEAD, "Roles"])

    assert [one["outcome"] for one in found] == ["created", "refused", "refused"]
    having = {"tenant_id": tenant.id, "roles": role}
    assert tenant.accounts.runtime.platform["users"].count_documents(having) == 0


def test_r95_while_too_much_waits_for_the_broker_the_import_waits_too(
    tenant: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = started(tenant, a_file(people(3)))

    def full() -> None:
        raise OutboxFull

    with monkeypatch.context() as patched:
        # Not how full it is, which the outbox itself looks up anew every second.
        patched.setattr(tenant.accounts.runtime.outbox, "check_room", full)
        due.import_runner(tenant.accounts.runtime).run()
        waiting = tenant.get(path).json
    forsake(tenant)

    job = run(tenant, path)

    assert (waiting["state"], waiting["done"]) == ("running", 0)
    assert (job["state"], job["counts"]) == ("done", {"created": 3})


def test_r95_an_import_waits_for_those_who_follow(
    tenant: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = started(tenant, a_file(people(450)))
    monkeypatch.setattr(due, "_PAUSE_MAX_SECONDS", 1_000.0)
    monkeypatch.setattr(due, "_MAY_WAIT", -100_000)

    due.import_runner(tenant.accounts.runtime).run()
    due.import_runner(tenant.accounts.runtime).run()

    waiting = tenant.get(path).json
    assert (waiting["state"], waiting["done"]) == ("running", 100)
    forsake(tenant)
    monkeypatch.setattr(due, "_PAUSE_MAX_SECONDS", 0.0)
    assert run(tenant, path)["done"] == 450


def test_r62_after_the_import_nobody_is_named_any_more(tenant: Tenant) -> None:
    database = tenant.accounts.runtime.platform.database
    path = started(tenant, a_file([*people(3), ["", "Nameless", "x"]]))
    run(tenant, path)
    due.import_runner(tenant.accounts.runtime).run()

    assert tenant.get(path).json["file_erased_at"]
    for name in ("jobs", "job_results", "job_files"):
        kept = str(list(database[name].find({"tenant_id": tenant.id})))
        assert not [word for word in ("Berg", "Ada", "@x", "Nameless") if word in kept]
    assert database["job_files"].count_documents({"tenant_id": tenant.id}) == 0


def test_r62_an_import_goes_on_without_who_was_deleted_since_it_began(
    tenant: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(actions, "LINES_AT_ONCE", 2)
    bo = tenant.create(first_name="Bo", last_name="Tal", email="bo@x.example")["id"]
    path = started(tenant, a_file([*people(2), ["Tal", "Bo", "Bo@X.example"], *people(1, "Wald")]))
    step, receipts = actions.step, []

    def delete_meanwhile(job: Job, scope: Any) -> Any:
        if job.steps == 1:
            tenant.accounts.send("DELETE", f"/v1/users/{bo}?confirm={bo}", tenant.token)
        progress = step(job, scope)
        kept = list(tenant.accounts.runtime.platform["job_files"].find({"job_id": job.id}))
        assert sorted(piece["n"] for piece in kept) == list(range(job.steps, 2))
        receipts.append(job_files_erased(tenant.accounts.runtime)(Due(tenant.id, bo, clock.now())))
        return progress

    monkeypatch.setattr(actions, "step", delete_meanwhile)

    job = run(tenant, path)

    assert job["counts"] == {"created": 3, "refused": 1}
    assert outcomes(results(tenant, path, "outcome=refused")) == [
        (4, "refused", "deleted_meanwhile")
    ]
    assert "Tal" not in str(users(tenant))
    assert receipts == [False, False]
    assert job_files_erased(tenant.accounts.runtime)(Due(tenant.id, bo, clock.now()))
    assert "kept_out" not in str(list(tenant.accounts.runtime.platform["jobs"].find({})))


def test_r9_it_is_noted_who_started_an_import(tenant: Tenant) -> None:
    path = started(tenant, a_file(people(1)))
    run(tenant, path)

    AuditWriter(tenant.accounts.runtime.platform, AUDITED).run()

    (line,) = tenant.get("/v1/audit?action=import.started").json["items"]
    assert (line["actor"], path) == (tenant.admin_id, f"/v1/imports/{line['subject']}")


def test_r95_an_import_is_cancelled_and_keeps_whom_it_created(
    tenant: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = started(tenant, a_file(people(450)))
    step = actions.step

    def cancel_after(job: Job, scope: Any) -> Any:
        progress = step(job, scope)
        response = tenant.accounts.send("DELETE", path, tenant.token)
        assert response.json["is_cancelling"]
        return progress

    monkeypatch.setattr(actions, "step", cancel_after)
    job = run(tenant, path)

    assert (job["state"], job["done"], job["counts"]) == ("cancelled", 100, {"created": 100})
    assert len(users(tenant)) == 100


def test_an_import_with_the_same_key_is_started_once(tenant: Tenant) -> None:
    data, headers = a_file(people(3)), {"Idempotency-Key": "k1"}

    first = send(tenant, data, headers=headers)
    again = send(tenant, data, headers=headers)
    wet = send(tenant, data, "?dry_run=1", headers=headers)
    other = send(tenant, a_file(people(2)), headers=headers)

    assert (first.status_code, again.status_code) == (202, 202)
    assert first.json == again.json
    assert wet.json["code"] == other.json["code"] == "idempotency_key_reused"
    files = tenant.accounts.runtime.platform["job_files"].distinct(
        "job_id", {"tenant_id": tenant.id}
    )
    assert files == [first.json["id"]]


def test_imports_are_listed_newest_first(tenant: Tenant) -> None:
    paths = [started(tenant, a_file(people(1))) for _ in range(3)]

    page = tenant.get("/v1/imports?limit=2").json
    rest = tenant.get(f"/v1/imports?limit=2&cursor={page['next_cursor']}").json

    assert [f"/v1/imports/{one['id']}" for one in page["items"] + rest["items"]] == paths[::-1]
    assert (page["total"], rest["next_cursor"]) == (3, None)


def test_r1_another_tenant_sees_no_import(accounts: Accounts, tenant: Tenant) -> None:
    path = started(tenant, a_file(people(1)))
    stranger = accounts.tenant()

    for method, tail in (("GET", ""), ("GET", "/results"), ("DELETE", "")):
        assert accounts.send(method, f"{path}{tail}", stranger.token).status_code == 404
    assert stranger.get("/v1/imports").json["items"] == []


def test_without_the_permission_nothing_is_imported(tenant: Tenant) -> None:
    somebody = tenant.create()
    token = tenant.token_of(somebody, "accounts.users:edit", "accounts.users:read")
    path = started(tenant, a_file(people(1)))

    assert send(tenant, a_file(people(1)), token=token).json["code"] == "forbidden"
    assert tenant.get(path, token=token).status_code == 403
    assert tenant.get(f"{path}/results", token=token).status_code == 403
    assert tenant.accounts.send("DELETE", path, token).status_code == 403


@pytest.mark.parametrize(
    "data, query, code",
    [
        (b"", "", "columns_wrong"),
        (b"Last name,First name,Email\n", "", "no_rows"),
        (b"Last name,First name,Email\n\n,,\n", "", "no_rows"),
        (b"Last name,First name,Email,Personnel number\na,b,c,d\n", "", "columns_wrong"),
        (b"a,b,c\n", "", "columns_wrong"),
        (b"\x00" * 1000, "", "columns_wrong"),
        (b"\x81\x8d\x8f", "", "file_unreadable"),
        (b"\xff\xfe\x00", "", "file_unreadable"),
        (b"\x89PNG\r\n\x1a\n\x81", "", "file_unreadable"),
        (a_file(people(1)), "?dry_run=maybe", "invalid"),
        (a_file(people(1)), "?tenant_id=x", "invalid"),
    ],
)
def test_r95_a_file_that_cannot_be_imported_is_refused_at_once(
    tenant: Tenant, data: bytes, query: str, code: str
) -> None:
    response = send(tenant, data, query)

    assert (response.status_code, response.json["code"]) == (422, code)
    assert tenant.get("/v1/imports").json["total"] == 0
    files = tenant.accounts.runtime.platform["job_files"]
    assert files.count_documents({"tenant_id": tenant.id}) == 0


def test_r95_too_many_rows_leave_nothing_behind(
    tenant: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rules, "ROWS_MAX", 450)

    response = send(tenant, a_file(people(451)))

    assert (response.status_code, response.json["code"]) == (422, "too_many_rows")
    files = tenant.accounts.runtime.platform["job_files"]
    assert files.count_documents({"tenant_id": tenant.id}) == 0


def test_r95_a_tenant_has_only_so_many_imports_waiting(tenant: Tenant) -> None:
    paths = [started(tenant, a_file(people(1))) for _ in range(rules.OPEN_MAX)]

    refused = send(tenant, a_file(people(1)))
    tenant.accounts.send("DELETE", paths[0], tenant.token)

    assert (refused.status_code, refused.json["code"]) == (409, "too_many_imports")
    assert send(tenant, a_file(people(1))).status_code == 202


def test_r95_in_a_suspended_tenant_an_import_waits(tenant: Tenant) -> None:
    path = started(tenant, a_file(people(3)))
    scope = tenant.accounts.scope(tenant.id)
    tenants.suspend(scope)
    due.import_runner(tenant.accounts.runtime).run()
    waiting = users(tenant)
    tenants.resume(scope)
    forsake(tenant)

    eventually(lambda: tenant.get(path).status_code == 200)
    assert run(tenant, path)["counts"] == {"created": 3}
    assert waiting == []


def test_r95_a_file_that_is_too_large_is_refused(tenant: Tenant) -> None:
    data = a_file(people(1)) + b" " * rules.FILE_MAX_BYTES

    assert send(tenant, data).status_code == 413


def test_r95_a_field_of_ten_megabytes_is_a_bad_row(tenant: Tenant) -> None:
    data = a_file([*people(1), ["x" * 10_000_000, "Bo", "bo@x.example"]])
    path = started(tenant, data)

    run(tenant, path)

    assert outcomes(results(tenant, path)) == [
        (2, "created", None),
        (3, "refused", "row_unreadable"),
    ]


@pytest.mark.parametrize("content_type", ["application/json", "text/plain", None])
def test_r95_a_file_of_another_kind_is_refused(tenant: Tenant, content_type: str | None) -> None:
    response = send(tenant, a_file(people(1)), content_type=content_type)

    assert (response.status_code, response.json["code"]) == (415, "wrong_content_type")


def test_results_of_one_outcome_are_paged(tenant: Tenant) -> None:
    rows = [row if n % 3 else ["", "", "x"] for n, row in enumerate(people(450))]
    path = started(tenant, a_file(rows))
    run(tenant, path)

    refused = results(tenant, path, "outcome=refused")

    assert [one["line"] for one in refused] == list(range(2, 452, 3))
    assert tenant.get(f"{path}/results?outcome=nonsense").status_code == 422
    assert tenant.get(f"{path}/results?cursor=x").status_code == 422


def test_results_are_downloaded_as_csv(tenant: Tenant) -> None:
    path = started(tenant, a_file([*people(2), ["", "", "x"], *people(1)]))
    run(tenant, path)

    response = tenant.get(f"{path}/results.csv")
    refused = tenant.get(f"{path}/results.csv?outcome=refused").text

    ids = [one["user_id"] for one in results(tenant, path, "outcome=created")]
    assert response.content_type.startswith("text/csv")
    assert list(csv.reader(io.StringIO(response.text))) == [
        ["Line", "Outcome", "Code", "Errors", "User id"],
        ["2", "created", "", "", ids[0]],
        ["3", "created", "", "", ids[1]],
        [
            "4",
            "refused",
            "invalid",
            "email: email_invalid; first_name: required; last_name: required",
            "",
        ],
        ["5", "refused", "twice_in_file", "", ""],
    ]
    assert refused.count("\r\n") == 3
    assert tenant.get(f"/v1/imports/{new_id()}/results.csv").status_code == 404


_LOCALS = ("anna", "Anna", "bo", "ünal", "=x", "")
_ROWS = st.lists(
    st.tuples(
        st.sampled_from(("Müller", "Berg", "", "=A", " Berg ")),
        st.sampled_from(("Anna", "Bo", "")),
        st.sampled_from(_LOCALS),
    ),
    min_size=1,
    max_size=12,
)


@given(_ROWS, st.lists(st.booleans(), min_size=4, max_size=4))
@settings(
    max_examples=10,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
def test_r95_twice_or_cut_off_is_as_once(
    accounts: Accounts, rows: list[tuple[str, str, str]], crashes: list[bool]
) -> None:
    data = a_file([(last, first, local and f"{local}@x.example") for last, first, local in rows])
    smooth, rough = accounts.tenant(), accounts.tenant()
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(actions, "LINES_AT_ONCE", 2)
        once = started(smooth, data)
        run(smooth, once)
        path = started(rough, data)
        save = JobRunner._save
        pending = list(crashes)

        def die_sometimes(self: JobRunner, job: Job, progress: Any) -> Any:
            if pending and pending.pop():
                raise Killed
            return save(self, job, progress)

        patched.setattr(JobRunner, "_save", die_sometimes)
        for _ in range(len(crashes) + 1):
            try:
                due.import_runner(accounts.runtime).run()
            except Killed:
                forsake(rough)
        pending.clear()
        run(rough, path)
        assert outcomes(results(rough, path)) == outcomes(results(smooth, once))
        assert users(rough) == users(smooth)
        again = started(rough, data)
        run(rough, again)

    assert users(rough) == users(smooth)
    unchanged = [
        (line, "unchanged" if outcome == "created" else outcome, code)
        for line, outcome, code in outcomes(results(smooth, once))
    ]
    assert outcomes(results(rough, again)) == unchanged


def test_r95_what_is_kept_while_it_waits_can_be_read_by_the_job_alone(tenant: Tenant) -> None:
    path = started(tenant, a_file(people(1)))

    shown = json.dumps([tenant.get(path).json, tenant.get(f"{path}/results").json])

    assert "Berg" not in shown
    assert "@x" not in shown

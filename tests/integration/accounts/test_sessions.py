"""Sessions: refreshed, replayed, ended; and access that ends with them, in every service."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from staffroll.errors import Unavailable
from staffroll.events import PLATFORM_TENANT, SnapshotWish
from staffroll_accounts.domain.sessions import Session
from staffroll_accounts.domain.users import User
from staffroll_accounts.due import finish_ended_sessions
from staffroll_accounts.refresh_tokens import RefreshTokens
from staffroll_accounts.store.sessions import Sessions
from staffroll_accounts.store.users import Users
from staffroll_accounts.sync import snapshot
from tests.support.accounts import PASSWORD, SECRET, Accounts, Answer, Tenant, environ_of
from tests.support.installed import service_of
from tests.support.two_factor import Later
from tests.support.waiting import eventually


def sign_in(tenant: Tenant, **changes: Any) -> dict[str, Any]:
    known = {"tenant": tenant.id, "email": "admin@x.example", "password": PASSWORD}
    response = tenant.post("/v1/sign-in", {**known, **changes}, token=None)
    assert response.status_code == 200, response.text
    found: dict[str, Any] = response.json
    return found


def refresh(tenant: Tenant, refresh_token: str) -> Answer:
    body = {"grant": "refresh_token", "refresh_token": refresh_token}
    return tenant.post("/v1/token", body, token=None)


def may(tenant: Tenant, signed_in: dict[str, Any]) -> bool:
    answer = tenant.get("/v1/me", token=signed_in["access_token"])
    assert answer.status_code in (200, 401), answer.text
    return answer.status_code == 200


def delete(tenant: Tenant, path: str, signed_in: dict[str, Any]) -> Answer:
    return tenant.accounts.send("DELETE", path, signed_in["access_token"])


def age(tenant: Tenant, session_id: str, by: timedelta) -> None:
    """Let the newest refresh token of a session seem to have been given out long ago."""
    tenant.accounts.runtime.platform["sessions"].update_one(
        {"_id": session_id}, {"$set": {"rotated_at": datetime.now(UTC) - by}}
    )


def audited(tenant: Tenant, user_id: str) -> list[str]:
    database = tenant.accounts.runtime.platform.database
    waiting = [entry["action"] for entry in tenant.document(user_id).get("audit", [])]
    written = [entry["action"] for entry in database["audit"].find({"tenant_id": tenant.id})]
    return waiting + written


def test_a_refresh_token_gives_a_new_pair_of_the_same_session(tenant: Tenant) -> None:
    first = sign_in(tenant)

    second = refresh(tenant, first["refresh_token"])

    assert second.status_code == 200
    assert second.json["session_id"] == first["session_id"]
    assert second.json["refresh_token"] != first["refresh_token"]
    assert may(tenant, second.json)
    assert refresh(tenant, second.json["refresh_token"]).status_code == 200


def test_nothing_of_a_refresh_token_is_stored(tenant: Tenant) -> None:
    token = sign_in(tenant)["refresh_token"]

    stored = str(tenant.accounts.dump())

    assert token.rpartition(".")[2] not in stored


def test_a_replayed_refresh_token_ends_the_session(tenant: Tenant) -> None:
    stolen = sign_in(tenant)
    second = refresh(tenant, stolen["refresh_token"]).json
    third = refresh(tenant, second["refresh_token"]).json

    replayed = refresh(tenant, stolen["refresh_token"])

    assert (replayed.status_code, replayed.json["code"]) == (401, "refresh_token_reused")
    assert refresh(tenant, third["refresh_token"]).json["code"] == "refresh_token_invalid"
    assert not may(tenant, third)
    assert "session.reuse-detected" in audited(tenant, tenant.admin_id)


def test_the_token_before_the_newest_is_reuse_after_ten_seconds(tenant: Tenant) -> None:
    first = sign_in(tenant)
    second = refresh(tenant, first["refresh_token"]).json
    age(tenant, first["session_id"], timedelta(seconds=11))

    late = refresh(tenant, first["refresh_token"])

    assert late.json["code"] == "refresh_token_reused"
    assert refresh(tenant, second["refresh_token"]).status_code == 401


def test_parallel_tabs_get_the_same_successor(tenant: Tenant) -> None:
    first = sign_in(tenant)

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: refresh(tenant, first["refresh_token"]), range(16)))

    assert {answer.status_code for answer in answers} == {200}
    (successor,) = {answer.json["refresh_token"] for answer in answers}
    assert refresh(tenant, successor).status_code == 200


@pytest.mark.parametrize("part", range(4), ids=["tenant", "session", "counter", "signature"])
def test_a_changed_refresh_token_is_refused(tenant: Tenant, part: int) -> None:
    other = sign_in(tenant)
    parts = sign_in(tenant)["refresh_token"].split(".")
    parts[part] = ["other-tenant", other["session_id"], "2", "A" * 43][part]

    response = refresh(tenant, ".".join(parts))

    assert (response.status_code, response.json["code"]) == (401, "refresh_token_invalid")


def test_a_refresh_token_outlives_the_change_of_the_secret_while_both_are_known() -> None:
    session_id = "0197a000-0000-7000-8000-0000000000a1"
    old = RefreshTokens(SECRET).sign("acme", session_id, 3)

    claim = RefreshTokens(f"another secret that is long enough to do, {SECRET}").read(old)

    assert (claim.tenant_id, claim.session_id, claim.counter) == ("acme", session_id, 3)


@pytest.mark.parametrize(
    "change",
    [
        {"status": "deactivated"},
        {"security.locked_at": datetime(2026, 1, 1, tzinfo=UTC)},
        {"security.session_epoch": 2},
    ],
    ids=["deactivated", "locked", "epoch"],
)
def test_refreshing_asks_the_user_itself(tenant: Tenant, change: dict[str, Any]) -> None:
    token = sign_in(tenant)["refresh_token"]
    tenant.accounts.runtime.platform["users"].update_one(
        {"tenant_id": tenant.id, "_id": tenant.admin_id}, {"$set": change}
    )

    assert refresh(tenant, token).json["code"] == "refresh_token_invalid"


@pytest.mark.parametrize("name", ["expires_at", "created_at"])
def test_a_session_ends_by_itself(tenant: Tenant, name: str) -> None:
    signed_in = sign_in(tenant)
    long_ago = datetime.now(UTC) - timedelta(days=31)
    tenant.accounts.runtime.platform["sessions"].update_one(
        {"_id": signed_in["session_id"]}, {"$set": {name: long_ago}}
    )

    answers = [refresh(tenant, signed_in["refresh_token"])]
    if answers[0].status_code == 200:
        # Of its longest life nothing is left, however much it is used.
        answers.append(refresh(tenant, answers[0].json["refresh_token"]))

    assert answers[-1].json["code"] == "refresh_token_invalid"


def test_signing_out_ends_this_session_and_no_other(tenant: Tenant) -> None:
    here, there = sign_in(tenant), sign_in(tenant)

    response = tenant.post("/v1/sign-out", token=here["access_token"])

    assert response.status_code == 204
    assert not may(tenant, here)
    assert refresh(tenant, here["refresh_token"]).status_code == 401
    # The other goes on by fetching a new access token.
    outdated = tenant.get("/v1/me", token=there["access_token"])
    assert outdated.json["code"] == "token_revoked"
    assert may(tenant, refresh(tenant, there["refresh_token"]).json)


def test_one_sees_where_one_is_signed_in(tenant: Tenant) -> None:
    browser = "Mozilla/5.0 " + "x" * 500
    body = {"tenant": tenant.id, "email": "admin@x.example", "password": PASSWORD}
    headers = {"User-Agent": browser}
    there = tenant.post("/v1/sign-in", body, token=None, headers=headers).json
    here = sign_in(tenant)

    items = tenant.get("/v1/me/sessions", token=here["access_token"]).json["items"]

    assert [item["id"] for item in items] == [here["session_id"], there["session_id"]]
    assert [item["is_current"] for item in items] == [True, False]
    assert items[1]["user_agent"] == browser[:200]
    assert items[1]["address"] == "127.0.0.1"


def test_one_ends_one_of_ones_sessions(tenant: Tenant) -> None:
    here, there = sign_in(tenant), sign_in(tenant)

    response = delete(tenant, f"/v1/me/sessions/{there['session_id']}", here)

    assert response.status_code == 204
    here = refresh(tenant, here["refresh_token"]).json
    items = tenant.get("/v1/me/sessions", token=here["access_token"]).json["items"]
    assert [item["id"] for item in items] == [here["session_id"]]
    assert refresh(tenant, there["refresh_token"]).status_code == 401


def test_nobody_ends_the_sessions_of_another(tenant: Tenant) -> None:
    user = tenant.create(password=PASSWORD)
    theirs, ours = sign_in(tenant, email=user["email"]), sign_in(tenant)

    response = delete(tenant, f"/v1/me/sessions/{ours['session_id']}", theirs)

    assert (response.status_code, response.json["code"]) == (404, "not_found")
    assert may(tenant, ours)


@pytest.mark.parametrize(("query", "stays"), [("", False), ("?but_this=true", True)])
def test_one_ends_all_of_ones_sessions_or_all_others(
    tenant: Tenant, query: str, *, stays: bool
) -> None:
    here, there = sign_in(tenant), sign_in(tenant)

    response = delete(tenant, f"/v1/me/sessions{query}", here)

    assert response.status_code == 204
    assert not may(tenant, here)
    assert not may(tenant, there)
    assert refresh(tenant, there["refresh_token"]).status_code == 401
    assert (refresh(tenant, here["refresh_token"]).status_code == 200) is stays


def test_an_admin_ends_all_sessions_of_a_user(tenant: Tenant) -> None:
    user = tenant.create(password=PASSWORD)
    theirs = sign_in(tenant, email=user["email"])

    response = delete(tenant, f"/v1/users/{user['id']}/sessions", sign_in(tenant))

    assert response.status_code == 204
    assert not may(tenant, theirs)
    assert refresh(tenant, theirs["refresh_token"]).status_code == 401
    assert may(tenant, sign_in(tenant, email=user["email"]))


def test_a_session_whose_end_was_cut_short_is_ended_by_asking_again(tenant: Tenant) -> None:
    here, there = sign_in(tenant), sign_in(tenant)
    tenant.accounts.runtime.platform["sessions"].update_one(
        {"_id": there["session_id"]}, {"$set": {"ended_at": datetime.now(UTC)}}
    )

    response = delete(tenant, f"/v1/me/sessions/{there['session_id']}", here)

    assert response.status_code == 204
    assert not may(tenant, there)


def _cut_short(tenant: Tenant, monkeypatch: pytest.MonkeyPatch, end: Callable[[], Answer]) -> None:
    """Let whatever `end` does fail between its write to the session and that to the user."""

    def dies(*_: object, **_options: object) -> User:
        raise Unavailable

    with monkeypatch.context() as dying:
        dying.setattr(Users, "save", dies)
        assert end().status_code == 503


@pytest.mark.parametrize("how", ["sign-out", "one", "reuse"])
def test_an_end_that_was_cut_short_is_finished_by_a_chore(
    tenant: Tenant, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    first, here = sign_in(tenant), sign_in(tenant)
    second = refresh(tenant, first["refresh_token"]).json
    there = refresh(tenant, second["refresh_token"]).json
    ways = {
        "sign-out": lambda: tenant.post("/v1/sign-out", token=there["access_token"]),
        "one": lambda: delete(tenant, f"/v1/me/sessions/{there['session_id']}", here),
        "reuse": lambda: refresh(tenant, first["refresh_token"]),
    }
    _cut_short(tenant, monkeypatch, ways[how])
    cut_off = may(tenant, there), refresh(tenant, there["refresh_token"]).status_code

    finish_ended_sessions(tenant.accounts.runtime).run()
    under_way = may(tenant, there)
    Later(monkeypatch).pass_by(seconds=11)
    finish_ended_sessions(tenant.accounts.runtime).run()

    assert cut_off == (True, 401)
    assert under_way
    assert not may(tenant, there)
    assert may(tenant, refresh(tenant, here["refresh_token"]).json)
    action = {"sign-out": "session.signed-out", "one": "session.ended"}
    assert action.get(how, "session.reuse-detected") in audited(tenant, tenant.admin_id)


def test_what_was_ended_whole_is_not_ended_again(
    tenant: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    tenant.post("/v1/sign-out", token=sign_in(tenant)["access_token"])
    before = tenant.document(tenant.admin_id)["token_generation"]

    Later(monkeypatch).pass_by(seconds=11)
    finish_ended_sessions(tenant.accounts.runtime).run()

    assert tenant.document(tenant.admin_id)["token_generation"] == before


def test_an_end_that_was_cut_short_is_forgotten_with_the_user(
    tenant: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    user = tenant.create(password=PASSWORD)
    signed_in = sign_in(tenant, email=user["email"])
    end = lambda: tenant.post("/v1/sign-out", token=signed_in["access_token"])  # noqa: E731
    _cut_short(tenant, monkeypatch, end)
    tenant.accounts.runtime.platform["users"].delete_one({"_id": user["id"]})

    Later(monkeypatch).pass_by(seconds=11)
    finish_ended_sessions(tenant.accounts.runtime).run()

    session = {"_id": signed_in["session_id"], "ending": {"$exists": True}}
    assert tenant.accounts.runtime.platform["sessions"].find_one(session) is None


def test_a_session_that_ends_while_it_is_refreshed_gives_no_access(
    tenant: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = sign_in(tenant)
    second = refresh(tenant, first["refresh_token"]).json
    find = Sessions.find

    def ended_right_after(sessions: Sessions, session_id: str) -> Session | None:
        found = find(sessions, session_id)
        monkeypatch.setattr(Sessions, "find", find)
        assert tenant.post("/v1/sign-out", token=second["access_token"]).status_code == 204
        return found

    monkeypatch.setattr(Sessions, "find", ended_right_after)
    answer = refresh(tenant, first["refresh_token"])

    assert (answer.status_code, answer.json["code"]) == (401, "refresh_token_invalid")


def test_a_session_id_that_a_client_brings_is_never_taken(tenant: Tenant) -> None:
    known = sign_in(tenant)
    body = {"tenant": tenant.id, "email": "admin@x.example", "password": PASSWORD}

    brought = tenant.post("/v1/sign-in", {**body, "session_id": known["session_id"]}, token=None)
    again = tenant.post("/v1/sign-in", body, token=known["access_token"])

    assert brought.json["errors"]["session_id"][0]["code"] == "unknown_field"
    assert again.json["session_id"] != known["session_id"]


@pytest.fixture
def people(accounts: Accounts, mongodb_uri: str, prefix: str) -> Iterator[Any]:
    """The people service on the same database, and what feeds it with accounts' state."""
    service = service_of("people")
    runtime = service.runtime("serve", environ_of(mongodb_uri, prefix))
    eventually(lambda: runtime.is_prepared, 30)
    handle = service.make_handler(runtime)
    runtime.platform["bootstraps"].update_one(
        {"tenant_id": PLATFORM_TENANT, "_id": "accounts"},
        {"$set": {"is_done": True}},
        upsert=True,
    )
    client = service.make_app(runtime).test_client()

    def hear() -> None:
        for event in snapshot(accounts.runtime, accounts.keys, SnapshotWish(queue="unused")):
            handle(event)

    def ask(signed_in: dict[str, Any]) -> tuple[int, str | None]:
        headers = {"Authorization": f"Bearer {signed_in['access_token']}"}
        answer = client.get("/v1/people", headers=headers)
        assert answer.json is not None
        return answer.status_code, answer.json.get("code")

    yield hear, ask
    runtime.close()


@pytest.mark.parametrize("how", ["sign-out", "all", "lock"])
def test_what_ends_a_session_ends_it_in_other_services(
    tenant: Tenant, people: Any, how: str
) -> None:
    hear, ask = people
    signed_in = sign_in(tenant)
    hear()
    before = ask(signed_in)

    if how == "sign-out":
        tenant.post("/v1/sign-out", token=signed_in["access_token"])
    elif how == "all":
        delete(tenant, "/v1/me/sessions", signed_in)
    else:
        body = {"tenant": tenant.id, "email": "admin@x.example", "password": "wrong password"}
        for _ in range(3):
            tenant.post("/v1/sign-in", body, token=None)
    hear()

    assert before[0] == 200
    assert ask(signed_in) == (401, "token_revoked")


def test_other_sessions_go_on_in_other_services_by_refreshing(tenant: Tenant, people: Any) -> None:
    hear, ask = people
    here, there = sign_in(tenant), sign_in(tenant)
    tenant.post("/v1/sign-out", token=here["access_token"])
    hear()

    refreshed = refresh(tenant, there["refresh_token"]).json

    assert ask(there) == (401, "token_revoked")
    assert ask(refreshed)[0] == 200

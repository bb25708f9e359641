"""``/v1/exports``: files that are made as jobs, and downloaded in parts (R91, R92)."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tracemalloc
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from werkzeug.test import TestResponse

from staffroll.ids import new_id
from staffroll.jobs import Job, JobLost
from staffroll_export.actions.jobs import KEPT_AT_ONCE
from staffroll_export.actions.making import PIECE_BYTES, STARTS_MAX, FileMaking
from staffroll_export.due import Making
from staffroll_export.streaming import DownloadBroken
from tests.integration.export.house import (
    House,
    a_tombstone,
    a_user,
    environ,
    open_house,
    told,
)
from tests.integration.export.test_long_lists import INTERRUPTED, SNAPSHOT_TOO_OLD, failing
from tests.support.mongo import drop_databases
from tests.support.services import body_of
from tests.support.waiting import eventually

LONG = 18_000
"""Rows that make three pieces."""

MAKE = """
from staffroll_export.cli import service
from staffroll_export.due import Making

runtime = service.runtime("consume")
runtime.wait_until_prepared(30)
while True:
    Making(runtime).run()
"""


@pytest.fixture(scope="module")
def house(mongodb_uri: str) -> Iterator[House]:
    name = "test_export_jobs_"
    with open_house(environ(mongodb_uri, name)) as opened:
        yield opened
    drop_databases(mongodb_uri, name)


@pytest.fixture
def tenant_id(house: House) -> str:
    return house.new_tenant()


@pytest.fixture(scope="module")
def filled(house: House) -> str:
    """A tenant with `LONG` active users."""
    tenant_id = house.new_tenant()
    fill(house, tenant_id)
    return tenant_id


def fill(house: House, tenant_id: str, count: int = LONG) -> None:
    """Active users with long names, whom nobody searches."""
    rows = house.runtime.platform["rows"]
    for first in range(0, count, 3_000):
        rows.insert_many([_row(tenant_id, number) for number in range(first, first + 3_000)])


def _row(tenant_id: str, number: int) -> dict[str, Any]:
    name = f"{'Nguyen ' * 12}{number % 10}"
    return {
        "_id": new_id(),
        "tenant_id": tenant_id,
        "seen": {"accounts": 1},
        "told_at": datetime.now(UTC),
        "status": "active",
        "first_name": f"Kim {number:06}",
        "last_name": name,
        "email": f"kim.{number}@example.org",
        "language": "en",
        "time_zone": "Europe/Berlin",
        "roles": [],
        "is_admin": False,
        "token_generation": 1,
        "sort": f"{name.casefold()}\0kim {number:06}",
    }


def ask(
    house: House,
    tenant_id: str,
    method: str,
    path: str = "",
    *,
    as_: dict[str, str] | None = None,
    **options: Any,
) -> TestResponse:
    headers = {**(as_ or house.token(tenant_id)), **options.pop("headers", {})}
    return house.client.open(
        f"/v1/exports{path}", method=method, headers=headers, buffered=True, **options
    )


def start(house: House, tenant_id: str, *, as_: dict[str, str] | None = None, **wanted: Any) -> str:
    """The id of a new job."""
    response = ask(house, tenant_id, "POST", as_=as_, json=wanted)
    assert response.status_code == 202, response.text
    id_: str = body_of(response)["id"]
    assert response.headers["Location"] == f"/v1/exports/{id_}"
    return id_


def read(house: House, tenant_id: str, id_: str, **options: Any) -> dict[str, Any]:
    response = ask(house, tenant_id, "GET", f"/{id_}", **options)
    assert response.status_code == 200, response.text
    return body_of(response)


def finish(house: House, id_: str) -> None:
    """Make what is due, which others may have left, until this one is over."""

    def is_over() -> bool:
        Making(house.runtime).run()
        return "ended_at" in stored(house, id_)

    eventually(is_over, 60)


def file_of(house: House, tenant_id: str, id_: str, **options: Any) -> TestResponse:
    return ask(house, tenant_id, "GET", f"/{id_}/file", **options)


def made(house: House, tenant_id: str, **wanted: Any) -> str:
    """The id of a job that is over."""
    id_ = start(house, tenant_id, **wanted)
    finish(house, id_)
    return id_


def streamed(house: House, tenant_id: str, *query: tuple[str, str]) -> bytes:
    data: bytes = house.get("/v1/users/export", tenant_id, query).data
    return data


def stored(house: House, id_: str) -> dict[str, Any]:
    document = house.runtime.platform["jobs"].find_one({"_id": id_})
    assert document is not None
    return document


def begun(house: House, maker: Making) -> tuple[Job, FileMaking]:
    """The job that waits, as `maker` takes it up."""
    job = maker._runner.claim()
    assert job is not None
    maker._begin(job)
    assert maker._file is not None
    return job, maker._file


def make_on(maker: Making, job: Job, file: FileMaking) -> None:
    while not job.is_over:
        job = maker._runner._save(job, file.step(job))


def leave(maker: Making, job: Job) -> None:
    """Let others take up the job at once."""
    maker._runner._let_go(job, tries=0)
    maker._let_go()


@pytest.mark.parametrize(
    "wanted, query",
    [
        ({}, []),
        ({"format": "csv", "status": "unbilled"}, [("status", "unbilled")]),
        ({"q": "müller, zoe"}, [("q", "müller, zoe")]),
        ({"role": ["{role}"], "q": "e"}, [("role", "{role}"), ("q", "e")]),
    ],
)
def test_r91_the_file_has_the_same_bytes_as_the_download(
    house: House, tenant_id: str, wanted: dict[str, Any], query: list[tuple[str, str]]
) -> None:
    role = new_id()
    house.keep(
        tenant_id,
        a_user(last_name='Mül"ler, Dr', first_name="Zoë", roles=[role]),
        a_user(last_name="Mueller", first_name="Bo", status="deactivated"),
        a_user(last_name="Berg", first_name="Zoe", email="z@example.org"),
        a_user(last_name="Lee", first_name="Ed", roles=[role]),
    )
    if "role" in wanted:
        wanted = {**wanted, "role": [role]}
        query = [(name, value.replace("{role}", role)) for name, value in query]

    id_ = made(house, tenant_id, **wanted)

    response = file_of(house, tenant_id, id_)
    assert (response.status_code, response.data) == (200, streamed(house, tenant_id, *query))
    assert response.headers["Content-Length"] == str(len(response.data))
    whole = house.get("/v1/users/export", tenant_id)
    for name in ("Content-Type", "Content-Disposition", "Cache-Control"):
        assert response.headers[name] == whole.headers[name]


def test_r91_the_file_of_an_empty_list_is_its_header(house: House, tenant_id: str) -> None:
    id_ = made(house, tenant_id)

    job = read(house, tenant_id, id_)
    assert file_of(house, tenant_id, id_).data == b"Last name,First name,Email\r\n"
    assert (job["state"], job["total"], job["done"]) == ("done", 0, 0)


def test_r91_a_long_file_is_whole(house: House, filled: str) -> None:
    id_ = made(house, filled)

    job = read(house, filled, id_)
    data = file_of(house, filled, id_).data
    assert len(data) > 2 * PIECE_BYTES
    assert data == streamed(house, filled)
    assert (job["state"], job["total"], job["done"]) == ("done", LONG, LONG)
    assert job["size_bytes"] == len(data)


@pytest.mark.long
def test_r91_the_memory_of_making_does_not_depend_on_the_length(
    house: House, tenant_id: str, filled: str
) -> None:
    fill(house, tenant_id, 3 * LONG)

    def peak_bytes(tenant: str) -> int:
        tracemalloc.start()
        made(house, tenant)
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return peak

    peak_bytes(filled)
    of_short, of_long = peak_bytes(filled), peak_bytes(tenant_id)

    # Twice as many rows, kept as tuples, would be ten times this.
    assert of_long < of_short + 3_000_000
    assert of_long < 12_000_000


def test_r92_a_job_says_as_of_when(house: House, tenant_id: str) -> None:
    news = datetime(2026, 3, 1, 12, 30, 15, 250_000, tzinfo=UTC)
    user = told("user.created", new_id(), 1, a_user(), tenant_id=tenant_id, at=news)
    house.handle(user)
    id_ = start(house, tenant_id)
    waiting = read(house, tenant_id, id_)

    finish(house, id_)

    job = read(house, tenant_id, id_)
    assert (waiting["state"], waiting["as_of"], waiting["filename"]) == ("queued", None, None)
    assert job["as_of"] == "2026-03-01T12:30:15.250Z"
    assert job["filename"].startswith(f"users-{tenant_id}-")


def test_r91_progress_is_shown_while_it_is_made(house: House, tenant_id: str) -> None:
    fill(house, tenant_id)
    id_, maker = start(house, tenant_id), Making(house.runtime)
    job, file = begun(house, maker)

    job = maker._runner._save(job, file.step(job))

    shown = read(house, tenant_id, id_)
    assert (shown["state"], shown["total"]) == ("running", LONG)
    assert 0 < shown["done"] < LONG
    assert shown["size_bytes"] == PIECE_BYTES
    assert file_of(house, tenant_id, id_).status_code == 409
    leave(maker, job)
    finish(house, id_)


def test_r91_all_rows_are_as_of_one_moment(house: House, tenant_id: str) -> None:
    fill(house, tenant_id)
    before, id_, maker = streamed(house, tenant_id), start(house, tenant_id), Making(house.runtime)
    job, file = begun(house, maker)
    job = maker._runner._save(job, file.step(job))

    house.runtime.platform["rows"].update_many(
        {"tenant_id": tenant_id}, {"$set": {"first_name": "Changed"}}
    )
    make_on(maker, job, file)

    file.close()
    assert file_of(house, tenant_id, id_).data == before


@pytest.mark.parametrize("code", [INTERRUPTED, SNAPSHOT_TOO_OLD])
def test_r91_an_interrupted_one_is_begun_anew_and_no_mixture(
    house: House, tenant_id: str, code: int
) -> None:
    fill(house, tenant_id)
    id_, maker = start(house, tenant_id), Making(house.runtime)
    job, file = begun(house, maker)
    job = maker._runner._save(job, file.step(job))
    with failing(house, code, {"times": 100}), pytest.raises(DownloadBroken):
        make_on(maker, job, file)
    leave(maker, job)
    half = read(house, tenant_id, id_)
    rows = house.runtime.platform["rows"]
    rows.update_many({"tenant_id": tenant_id}, {"$set": {"first_name": "Changed"}})
    rows.delete_many({"tenant_id": tenant_id, "last_name": {"$regex": "[0-4]$"}})

    finish(house, id_)

    whole = read(house, tenant_id, id_)
    assert (half["state"], half["done"] > 0) == ("running", True)
    assert file_of(house, tenant_id, id_).data == streamed(house, tenant_id)
    assert whole["done"] == whole["total"] == rows.count_documents({"tenant_id": tenant_id})
    assert stored(house, id_)["position"]["starts"] == 2


def test_r91_one_that_never_comes_to_its_end_fails(house: House, filled: str) -> None:
    id_ = start(house, filled)
    house.runtime.platform["jobs"].update_one(
        {"_id": id_}, {"$set": {"position.starts": STARTS_MAX}}
    )

    finish(house, id_)

    job = read(house, filled, id_)
    assert (job["state"], job["failure"]["code"]) == ("failed", "export_interrupted")
    assert file_of(house, filled, id_).status_code == 404


def test_r91_killed_midway_it_is_made_by_another_process(house: House, tenant_id: str) -> None:
    fill(house, tenant_id)
    id_ = start(house, tenant_id)
    clean = {name: text for name, text in os.environ.items() if "STAFFROLL" not in name}
    process = subprocess.Popen(
        [sys.executable, "-c", MAKE],
        env={**clean, **house.environ},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        eventually(lambda: stored(house, id_).get("steps", 0) >= 1, 60)
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait(10)
    rows = house.runtime.platform["rows"]
    rows.update_many({"tenant_id": tenant_id}, {"$set": {"first_name": "Changed"}})
    was_over = "ended_at" in stored(house, id_)

    # As when its lease has run out.
    house.runtime.platform["jobs"].update_one({"_id": id_}, {"$set": {"due_at": datetime.now(UTC)}})
    finish(house, id_)

    assert not was_over
    assert read(house, tenant_id, id_)["state"] == "done"
    assert file_of(house, tenant_id, id_).data == streamed(house, tenant_id)


def test_r91_what_an_outlived_writer_still_writes_changes_nothing(
    house: House, tenant_id: str
) -> None:
    fill(house, tenant_id)
    id_, late = start(house, tenant_id), Making(house.runtime)
    job, file = begun(house, late)
    job = late._runner._save(job, file.step(job))
    house.runtime.platform["jobs"].update_one({"_id": id_}, {"$set": {"due_at": datetime.now(UTC)}})
    rows = house.runtime.platform["rows"]
    rows.delete_many({"tenant_id": tenant_id, "last_name": {"$regex": "[0-7]$"}})

    finish(house, id_)
    late._runner.take_turn(job)
    late._let_go()

    data = file_of(house, tenant_id, id_).data
    assert data == streamed(house, tenant_id)
    assert len(data) < PIECE_BYTES


def test_r91_a_process_that_ends_leaves_it_to_others_at_once(house: House, filled: str) -> None:
    id_, maker = start(house, filled), Making(house.runtime)
    job, file = begun(house, maker)
    maker.stop()

    with pytest.raises(Exception, match="unavailable"):
        file.step(job)
    leave(maker, job)
    finish(house, id_)

    assert read(house, filled, id_)["state"] == "done"


# Downloading


@pytest.fixture(scope="module")
def long_file(house: House, filled: str) -> tuple[str, bytes]:
    """The id of an export of `filled`, and its bytes."""
    id_ = made(house, filled)
    return id_, file_of(house, filled, id_).data


@pytest.mark.parametrize(
    "asked, start_, stop",
    [
        ("bytes=0-0", 0, 1),
        ("bytes=0-", 0, None),
        ("bytes=100-299", 100, 300),
        (f"bytes={PIECE_BYTES}-", PIECE_BYTES, None),
        (f"bytes={PIECE_BYTES - 1}-{PIECE_BYTES}", PIECE_BYTES - 1, PIECE_BYTES + 1),
        (f"bytes={PIECE_BYTES - 5}-{2 * PIECE_BYTES + 5}", PIECE_BYTES - 5, 2 * PIECE_BYTES + 6),
        ("bytes=-1", -1, None),
        ("bytes=-1100000", -1_100_000, None),
        ("bytes=5-99999999999", 5, None),
    ],
)
def test_r91_a_download_can_be_resumed(
    house: House,
    filled: str,
    long_file: tuple[str, bytes],
    asked: str,
    start_: int,
    stop: int | None,
) -> None:
    id_, whole = long_file

    response = file_of(house, filled, id_, headers={"Range": asked})

    expected = whole[start_:stop]
    first = len(whole) + start_ if start_ < 0 else start_
    is_whole = len(expected) == len(whole)
    assert response.status_code == (200 if is_whole else 206)
    assert response.data == expected
    assert response.headers["Content-Length"] == str(len(expected))
    assert response.headers["Accept-Ranges"] == "bytes"
    if not is_whole:
        said = f"bytes {first}-{first + len(expected) - 1}/{len(whole)}"
        assert response.headers["Content-Range"] == said


@pytest.mark.parametrize(
    "headers",
    [
        {"Range": "bytes=0-9,20-29"},
        {"Range": "lines=0-9"},
        {"Range": "bytes=x"},
        {"Range": "bytes=9-0"},
        {"Range": "bytes=0-9", "If-Range": '"another"'},
        {"Range": "bytes=0-9", "If-Range": "Wed, 21 Oct 2015 07:28:00 GMT"},
        {"Range": "bytes=0-9", "If-Range": 'W/"{etag}"'},
        {"Range": "bytes=0-9", "If-Range": ""},
    ],
)
def test_r91_what_cannot_be_resumed_is_sent_whole(
    house: House, filled: str, long_file: tuple[str, bytes], headers: dict[str, str]
) -> None:
    id_, whole = long_file
    sent = {name: value.replace("{etag}", id_) for name, value in headers.items()}

    response = file_of(house, filled, id_, headers=sent)

    assert (response.status_code, response.data == whole) == (200, True)


def test_r91_a_part_of_these_very_bytes_is_sent(
    house: House, filled: str, long_file: tuple[str, bytes]
) -> None:
    id_, whole = long_file
    etag = file_of(house, filled, id_).headers["ETag"]

    response = file_of(house, filled, id_, headers={"Range": "bytes=7-9", "If-Range": etag})

    assert (response.status_code, response.data) == (206, whole[7:10])


@pytest.mark.parametrize("asked", ["bytes=99999999-", "bytes=99999999-99999999"])
def test_r91_a_part_that_is_not_there_is_416(
    house: House, filled: str, long_file: tuple[str, bytes], asked: str
) -> None:
    id_, whole = long_file

    response = file_of(house, filled, id_, headers={"Range": asked})

    assert response.status_code == 416
    assert response.content_type == "application/problem+json"
    assert response.headers["Content-Range"] == f"bytes */{len(whole)}"


def test_r91_downloads_of_files_take_places_too(
    house: House, filled: str, long_file: tuple[str, bytes]
) -> None:
    id_, whole = long_file
    url, headers = f"/v1/exports/{id_}/file", house.token(filled)
    open_ones = [house.client.get(url, headers=headers) for _ in range(4)]

    refused = house.client.get(url, headers=headers)
    for one in open_ones:
        one.close()
    after = house.client.get(url, headers=headers, buffered=True)

    assert (refused.status_code, body_of(refused)["code"]) == (503, "too_many_downloads")
    assert after.data == whole


# Who may, and for how long


def test_r91_an_export_is_for_who_started_it_and_for_admins(house: House, tenant_id: str) -> None:
    mine, other, admin = house.keep(tenant_id, a_user(), a_user(), a_user(is_admin=True))
    me, somebody = house.token(tenant_id, mine), house.token(tenant_id, other)
    id_ = start(house, tenant_id, as_=me)
    finish(house, id_)

    paths = [("GET", f"/{id_}"), ("GET", f"/{id_}/file"), ("DELETE", f"/{id_}")]
    strangers = [ask(house, tenant_id, method, path, as_=somebody) for method, path in paths]
    own = [ask(house, tenant_id, method, path, as_=me) for method, path in paths[:2]]
    admins = house.token(tenant_id, admin, permissions=())
    by_admin = [ask(house, tenant_id, method, path, as_=admins) for method, path in paths]

    assert [response.status_code for response in strangers] == [404] * 3
    assert [response.status_code for response in own] == [200] * 2
    assert [response.status_code for response in by_admin] == [200, 200, 204]


def test_r91_one_sees_the_list_of_one_s_own(house: House, tenant_id: str) -> None:
    mine, other = house.keep(tenant_id, a_user(), a_user())
    me, somebody = house.token(tenant_id, mine), house.token(tenant_id, other)
    ids = [start(house, tenant_id, as_=me, q=q) for q in ("a", "b", "c")]
    start(house, tenant_id, as_=somebody)

    first = body_of(ask(house, tenant_id, "GET", "?limit=2", as_=me))
    rest = body_of(ask(house, tenant_id, "GET", f"?limit=2&cursor={first['next_cursor']}", as_=me))

    shown = [*first["items"], *rest["items"]]
    assert [job["id"] for job in shown] == ids[::-1]
    assert (first["total"], rest["next_cursor"]) == (3, None)
    assert shown[0]["q"] == "c"


def test_r1_another_tenant_s_exports_are_not_there(house: House, tenant_id: str) -> None:
    id_, other = made(house, tenant_id), house.new_tenant()

    for method, path in (("GET", f"/{id_}"), ("GET", f"/{id_}/file"), ("DELETE", f"/{id_}")):
        assert ask(house, other, method, path).status_code == 404
    assert body_of(ask(house, other, "GET"))["items"] == []


def test_without_the_permission_nothing_is_exported(house: House, tenant_id: str) -> None:
    (one,) = house.keep(tenant_id, a_user())
    token = house.token(tenant_id, one, permissions=["people.profile:read"])

    assert ask(house, tenant_id, "POST", as_=token, json={}).status_code == 403
    assert ask(house, tenant_id, "GET", as_=token).status_code == 403


def test_who_lost_the_permission_meanwhile_gets_no_file(house: House, tenant_id: str) -> None:
    (one,) = house.keep(tenant_id, a_user())
    id_ = start(house, tenant_id, as_=house.token(tenant_id, one))
    house.token(tenant_id, one, permissions=[])

    finish(house, id_)

    assert read(house, tenant_id, id_)["failure"]["code"] == "forbidden"


def test_r51_who_was_deactivated_meanwhile_gets_no_file(house: House, tenant_id: str) -> None:
    (one,) = house.keep(tenant_id, a_user())
    id_ = start(house, tenant_id, as_=house.token(tenant_id, one))
    house.handle(
        told("user.deactivated", one, 2, a_user(status="deactivated"), tenant_id=tenant_id)
    )

    finish(house, id_)

    assert read(house, tenant_id, id_)["failure"]["code"] == "starter_gone"


def test_r91_an_export_is_given_up_before_it_is_made(house: House, tenant_id: str) -> None:
    id_ = start(house, tenant_id)

    response = ask(house, tenant_id, "DELETE", f"/{id_}")

    Making(house.runtime).run()
    assert response.status_code == 204
    assert read(house, tenant_id, id_)["state"] == "cancelled"
    assert body_of(file_of(house, tenant_id, id_))["code"] == "file_gone"


def test_r91_an_export_is_given_up_while_it_is_made(house: House, tenant_id: str) -> None:
    fill(house, tenant_id)
    id_, maker = start(house, tenant_id), Making(house.runtime)
    job, file = begun(house, maker)
    job = maker._runner._save(job, file.step(job))

    ask(house, tenant_id, "DELETE", f"/{id_}")
    maker._runner.take_turn(maker._runner._save(job, file.step(job)))
    maker._let_go()
    Making(house.runtime).run()

    assert read(house, tenant_id, id_)["state"] == "cancelled"
    assert house.runtime.platform["job_files"].count_documents({"job_id": id_}) == 0


def test_r91_of_one_that_is_done_the_file_is_erased(house: House, tenant_id: str) -> None:
    id_ = made(house, tenant_id)

    responses = [ask(house, tenant_id, "DELETE", f"/{id_}") for _ in range(2)]

    assert [response.status_code for response in responses] == [204, 204]
    assert body_of(file_of(house, tenant_id, id_))["code"] == "file_gone"
    assert read(house, tenant_id, id_)["file_erased_at"]
    assert house.runtime.platform["job_files"].count_documents({"job_id": id_}) == 0


def test_r91_a_file_is_there_for_seven_days(house: House, tenant_id: str) -> None:
    job = read(house, tenant_id, made(house, tenant_id))

    ended, expires = (datetime.fromisoformat(job[name]) for name in ("ended_at", "expires_at"))
    assert expires - ended == timedelta(days=7)
    assert stored(house, job["id"])["expires_at"] == expires


def test_r91_one_person_has_only_so_many(house: House, tenant_id: str) -> None:
    (one,) = house.keep(tenant_id, a_user())
    me = house.token(tenant_id, one)
    ids = [start(house, tenant_id, as_=me) for _ in range(KEPT_AT_ONCE)]

    refused = ask(house, tenant_id, "POST", as_=me, json={})
    ask(house, tenant_id, "DELETE", f"/{ids[0]}", as_=me)
    after = ask(house, tenant_id, "POST", as_=me, json={})

    assert (refused.status_code, body_of(refused)["code"]) == (409, "too_many_exports")
    assert after.status_code == 202


def test_an_idempotency_key_starts_one_export(house: House, tenant_id: str) -> None:
    key = {"Idempotency-Key": "k1"}
    first, again, other = (
        ask(house, tenant_id, "POST", json={"q": q}, headers=key) for q in ("a", "a", "b")
    )

    assert (first.status_code, again.status_code, other.status_code) == (202, 202, 422)
    assert body_of(first)["id"] == body_of(again)["id"]


@pytest.mark.parametrize(
    "wanted, code",
    [
        ({"format": "xls"}, "format_unknown"),
        ({"q": ",".join("abcdefgh" * 7)}, "too_many_terms"),
        ({"status": "deleted"}, "invalid"),
        ({"role": ["x"]}, "invalid"),
        ({"limit": 5}, "invalid"),
    ],
)
def test_what_cannot_be_exported_starts_nothing(
    house: House, tenant_id: str, wanted: dict[str, Any], code: str
) -> None:
    response = ask(house, tenant_id, "POST", json=wanted)

    assert (response.status_code, body_of(response)["code"]) == (422, code)
    assert body_of(ask(house, tenant_id, "GET"))["total"] == 0


def test_what_is_no_range_of_parameters_is_refused_while_catching_up(
    house: House, tenant_id: str
) -> None:
    bootstraps = house.runtime.platform["bootstraps"]
    bootstraps.update_one({"_id": "accounts"}, {"$set": {"is_done": False}})
    try:
        response = ask(house, tenant_id, "POST", json={})
    finally:
        bootstraps.update_one({"_id": "accounts"}, {"$set": {"is_done": True}})

    assert (response.status_code, body_of(response)["code"]) == (503, "catching_up")


def test_r62_files_and_searches_go_with_a_person_who_may_be_in_them(
    house: House, tenant_id: str
) -> None:
    one, _ = house.keep(tenant_id, a_user(last_name="Gone"), a_user(last_name="Stays"))
    id_ = made(house, tenant_id, q="gone")
    assert b"Gone" in file_of(house, tenant_id, id_).data

    house.handle(told("user.deleted", one, 2, a_tombstone(), tenant_id=tenant_id))
    house.finish_erasing()

    job = read(house, tenant_id, id_)
    assert body_of(file_of(house, tenant_id, id_))["code"] == "file_gone"
    assert (job["q"], bool(job["file_erased_at"])) == (None, True)
    assert house.runtime.platform["job_files"].count_documents({"job_id": id_}) == 0
    later = made(house, tenant_id)
    assert b"Gone" not in file_of(house, tenant_id, later).data


def test_r62_what_is_being_made_begins_anew_without_who_is_deleted(
    house: House, tenant_id: str
) -> None:
    fill(house, tenant_id)
    one, _ = house.keep(tenant_id, a_user(last_name="Aa"), a_user(last_name="Aab"))
    id_, maker = start(house, tenant_id), Making(house.runtime)
    job, file = begun(house, maker)
    job = maker._runner._save(job, file.step(job))
    searching = start(house, tenant_id, q="aa")

    house.handle(told("user.deleted", one, 2, a_tombstone(), tenant_id=tenant_id))
    house.finish_erasing()
    with pytest.raises(JobLost):
        maker._runner._save(job, file.step(job))
    maker._let_go()
    is_erasing = [tombstone(house, one)]
    finish(house, id_)
    finish(house, searching)
    house.finish_erasing()
    is_erasing.append(tombstone(house, one))

    assert ["erasing_since" in found for found in is_erasing] == [True, False]
    assert [read(house, tenant_id, each)["q"] for each in (id_, searching)] == [None, None]
    assert file_of(house, tenant_id, id_).data == streamed(house, tenant_id)
    assert file_of(house, tenant_id, searching).data.count(b"Aa") == 1


def tombstone(house: House, user_id: str) -> dict[str, Any]:
    return house.runtime.platform["rows"].find_one({"_id": user_id}) or {}

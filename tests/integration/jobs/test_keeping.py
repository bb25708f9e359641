"""What is kept of jobs: results in pages, files in pieces, and for how long."""

from __future__ import annotations

from datetime import timedelta

import pytest

from staffroll import clock
from staffroll.errors import NotFound
from staffroll.idempotency import Once, OnceUsed
from staffroll.ids import new_id
from staffroll.jobs import FileGone, Job, JobLost, NewJob, Progress, erase_files
from staffroll.jobs.erasing import LONGEST_WAIT, UPLOADED_WITHIN
from staffroll.jobs.job import KEPT_FOR
from staffroll.scope import Actor, Scope
from tests.integration.jobs.conftest import KIND, House


def read(house: House, job: Job) -> bytes:
    return b"".join(house.jobs(job.tenant_id).files.read(job.id))


def with_file(house: House, file: str, *, count: int = 30, tenant_id: str = "acme") -> Job:
    """A job whose file lies there already."""
    job = house.new(count, tenant_id=tenant_id, file=file)
    claim = 1 if file == "output" else 0
    house.jobs(tenant_id).files.write(job.id, 0, b"Last name", claim=claim)
    return job


def erase(house: House, waited: timedelta = timedelta(0)) -> bool:
    """What a deletion in *acme* does with files, which was so long ago."""
    now = clock.now()
    return erase_files(house.platform.tenant("acme"), "somebody", now, now + waited)


def test_r1_jobs_of_another_tenant_are_not_there(house: House) -> None:
    job = with_file(house, "output")
    house.runner().run()
    others = house.jobs("globex")

    assert others.find(job.id) is None
    assert others.page(KIND, after=None, limit=10) == ([], 0, None)
    assert others.results(job.id, after=0, limit=10).items == []
    with pytest.raises(NotFound):
        others.cancel(job.id, KIND, clock.now())
    with pytest.raises(FileGone):
        list(others.files.read(job.id))


def test_jobs_are_listed_newest_first_in_pages(house: House) -> None:
    ids = [house.new().id for _ in range(5)]

    first, total, end = house.jobs().page(KIND, after=None, limit=3)
    second, _, last = house.jobs().page(KIND, after=end, limit=3)

    assert [job.id for job in first + second] == ids[::-1]
    assert (total, last) == (5, None)


def test_a_job_of_another_kind_is_not_there(house: House) -> None:
    job = house.new()

    with pytest.raises(NotFound):
        house.jobs().get(job.id, "export")


def test_results_come_in_pages_all_or_by_outcome(house: House) -> None:
    job = house.new(100)
    house.size = 8
    house.runner().run()

    found: list[int] = []
    refused: list[int] = []
    after: int | None = 0
    while after is not None:
        page = house.jobs().results(job.id, after=after, limit=7)
        found.extend(item["number"] for item in page.items)
        after = page.end
    after = 0
    while after is not None:
        page = house.jobs().results(job.id, after=after, limit=3, outcome="refused")
        refused.extend(item["number"] for item in page.items)
        after = page.end

    assert found == list(range(1, 101))
    assert refused == [number for number in found if number % 7 == 0]


def test_results_of_a_step_that_does_not_count_are_not_shown(house: House) -> None:
    job = with_file(house, "input")

    def lose_it(job: Job) -> None:
        if job.steps == 1:
            erase(house, LONGEST_WAIT * 2)

    house.after_effect = lose_it
    house.runner().run()

    assert (house.now(job).state, house.now(job).results) == ("failed", 10)
    assert house.numbers(job) == list(range(1, 11))


def test_r9_who_starts_a_job_is_noted_in_the_write_that_keeps_it(house: House) -> None:
    job = house.new()

    document = house.platform["jobs"].find_one({"_id": job.id})

    assert document is not None
    (entry,) = document["audit"]
    assert (entry["action"], entry["actor"], entry["subject"], entry["address"]) == (
        f"{KIND}.started",
        "somebody",
        job.id,
        "192.0.2.7",
    )


def test_the_same_key_creates_one_job(house: House) -> None:
    once = Once("key", "body")
    scope = Scope("acme", Actor("somebody"), None, clock.now())
    first = house.jobs().insert(NewJob(new_id(), KIND), scope, once)

    with pytest.raises(OnceUsed):
        house.jobs().insert(NewJob(new_id(), KIND), scope, once)

    found = house.jobs().find_once(once)
    assert found is not None
    assert found[0] == first


def test_a_piece_written_twice_is_there_once(house: House) -> None:
    files = house.jobs().files
    job = house.new()
    for n, data in ((0, b"one"), (1, b"two"), (1, b"two"), (2, b"three")):
        files.write(job.id, n, data, claim=1)

    assert read(house, job) == b"onetwothree"
    assert list(files.read(job.id, 1, 1)) == [b"two"]
    assert files.size_bytes(job.id) == 11


def test_a_piece_of_an_outlived_claim_is_refused(house: House) -> None:
    files = house.jobs().files
    job = house.new()
    files.write(job.id, 0, b"new", claim=2)

    with pytest.raises(JobLost):
        files.write(job.id, 0, b"old", claim=1)

    assert read(house, job) == b"new"


def test_a_file_with_a_hole_is_gone(house: House) -> None:
    job = house.new()
    house.jobs().files.write(job.id, 0, b"one")
    house.jobs().files.write(job.id, 2, b"three")

    with pytest.raises(FileGone):
        read(house, job)


@pytest.mark.parametrize("end", ["done", "failed", "cancelled"])
def test_what_was_uploaded_is_erased_when_the_job_is_over(house: House, end: str) -> None:
    job = with_file(house, "input")
    if end == "cancelled":
        house.jobs().cancel(job.id, KIND, clock.now())
    elif end == "failed":
        house.before_effect = lambda _: (_ for _ in ()).throw(NotFound())
    house.runner().run()

    house.runner().run()

    after = house.now(job)
    assert after.state == end
    assert after.file_erased_at is not None
    assert house.platform["job_files"].count_documents({}) == 0


def test_what_is_for_download_stays_when_the_job_is_done(house: House) -> None:
    job = with_file(house, "output")

    house.runner().run()
    house.runner().run()

    assert house.now(job).state == "done"
    assert read(house, job) == b"Last name"


def test_what_was_half_written_for_download_is_erased(house: House) -> None:
    job = with_file(house, "output")
    house.before_effect = lambda job: house.jobs().cancel(job.id, KIND, clock.now())

    house.runner().run()
    house.runner().run()

    assert house.now(job).state == "cancelled"
    assert house.platform["job_files"].count_documents({}) == 0


def test_r62_a_deletion_takes_all_older_files_of_the_tenant_with_it(house: House) -> None:
    done, other = with_file(house, "output"), with_file(house, "output", tenant_id="globex")
    house.runner().run()

    is_gone = erase(house)

    assert is_gone
    assert house.now(done).state == "done"
    assert house.now(done).file_erased_at is not None
    assert house.now(done).address is None
    assert house.platform["job_files"].distinct("job_id") == [other.id]
    assert house.now(other).address == "192.0.2.7"


def test_r62_a_deletion_waits_for_what_is_being_read(house: House) -> None:
    job = with_file(house, "input")
    gone: list[bool] = []
    house.after_effect = lambda _: gone.append(erase(house))

    house.runner().run()

    assert (house.now(job).state, house.now(job).done, gone) == ("done", 30, [False] * 3)
    assert erase(house)
    assert house.platform["job_files"].count_documents({}) == 0


def test_r62_what_is_read_for_too_long_fails(house: House) -> None:
    job = with_file(house, "input")

    is_gone = erase(house, LONGEST_WAIT * 2)

    failure = house.now(job).failure
    assert failure is not None
    assert (house.now(job).state, failure.code, is_gone) == ("failed", "file_erased", True)
    assert house.platform["job_files"].count_documents({}) == 0


def test_r62_an_upload_that_was_cut_off_before_there_was_a_job_goes_too(house: House) -> None:
    house.jobs().files.write(new_id(), 0, b"Last name")

    soon, later = erase(house), erase(house, UPLOADED_WITHIN)

    assert (soon, later) == (False, True)
    assert house.platform["job_files"].count_documents({}) == 0


def test_r62_whose_old_files_are_is_looked_up_without_reading_them(house: House) -> None:
    house.jobs().files.write(new_id(), 0, b"Last name")
    database = house.platform.database
    database.command("profile", 2)
    try:
        erase(house)
    finally:
        database.command("profile", 0)

    (looked,) = database["system.profile"].find({"op": "query", "command.find": "job_files"})
    assert (looked["keysExamined"], looked["docsExamined"], looked["nreturned"]) == (1, 0, 1)


def test_r62_what_is_being_written_is_begun_anew_once_for_each_deletion(house: House) -> None:
    job = with_file(house, "output")
    claims: list[int] = []

    def step(job: Job) -> Progress:
        claims.append(job.claim)
        begins = "begun" not in job.position
        if len(claims) == 1:
            assert erase(house)
            assert erase(house)
        house.jobs().files.write(job.id, 0 if begins else 1, b"x", claim=job.claim)
        return Progress({"begun": True}, is_over=not begins)

    runner = house.runner(lambda _: step)
    runner.run()
    runner.run()

    assert (house.now(job).state, claims) == ("done", [1, 3, 3])
    assert erase(house)
    assert read(house, job) == b"xx"


def test_r62_what_an_outlived_writer_still_writes_goes_too(house: House) -> None:
    job = with_file(house, "output")

    def be_late(job: Job) -> Progress:
        erase(house)
        house.jobs().files.write(job.id, 1, b"late", claim=job.claim)
        return Progress({}, is_over=True)

    house.runner(lambda _: be_late).take_turn(house.runner().claim() or job)

    assert house.now(job).state == "running"
    assert house.platform["job_files"].count_documents({}) == 0


def test_what_a_killed_writer_has_left_behind_the_end_is_erased(house: House) -> None:
    job = with_file(house, "output")
    house.jobs().files.write(job.id, 7, b"old", claim=1)
    house.set(job, claim=1)

    def step(job: Job) -> Progress:
        house.jobs().files.write(job.id, 0, b"new", claim=job.claim)
        return Progress({}, is_over=True)

    house.runner(lambda _: step).run()

    assert (house.now(job).state, read(house, job)) == ("done", b"new")


def test_everything_has_an_end(house: House) -> None:
    job = with_file(house, "output")
    house.runner().run()

    over = house.platform["jobs"].find_one({"_id": job.id})
    assert over is not None
    assert over["expires_at"] == over["ended_at"] + KEPT_FOR
    for name in ("jobs", "job_results", "job_files"):
        collection = house.platform[name]
        expiring = [
            index
            for index in collection.index_information().values()
            if index.get("expireAfterSeconds") == 0
        ]
        assert [index["key"] for index in expiring] == [[("expires_at", 1)]]
        assert collection.count_documents({"expires_at": {"$gte": over["expires_at"]}}) == (
            collection.count_documents({})
        )

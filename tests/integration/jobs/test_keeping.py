"""What is kept of jobs: results in pages, files in pieces, and for how long."""

from __future__ import annotations

import pytest

from staffroll import clock
from staffroll.errors import NotFound
from staffroll.idempotency import Once, OnceUsed
from staffroll.ids import new_id
from staffroll.jobs import FileGone, Job, JobLost, NewJob, Progress, erase_files_before
from staffroll.jobs.job import KEPT_FOR
from staffroll.scope import Actor, Scope
from tests.integration.jobs.conftest import KIND, House


def read(house: House, job: Job) -> bytes:
    return b"".join(house.jobs(job.tenant_id).files.read(job.id))


def with_file(house: House, file: str, *, count: int = 30, tenant_id: str = "acme") -> Job:
    """A job whose file lies there already."""
    job = house.new(count, tenant_id=tenant_id, file=file)
    house.jobs(tenant_id).files.write(job.id, 0, b"Last name")
    return job


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
            erase_files_before(house.platform.tenant("acme"), "somebody", clock.now())

    house.after_effect = lose_it
    house.runner().run()

    assert (house.now(job).state, house.now(job).results) == ("failed", 10)
    assert house.numbers(job) == list(range(1, 11))


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
    waiting = with_file(house, "input")

    erase_files_before(house.platform.tenant("acme"), "somebody", clock.now())
    house.runner().run()

    assert house.now(done).state == "done"
    assert house.now(done).file_erased_at is not None
    assert house.now(done).address is None
    failure = house.now(waiting).failure
    assert failure is not None
    assert (house.now(waiting).state, failure.code) == ("failed", "file_erased")
    kept = house.platform["job_files"].distinct("job_id")
    assert kept == [other.id]
    assert house.now(other).address == "192.0.2.7"


def test_r62_an_upload_that_was_cut_off_before_there_was_a_job_goes_too(house: House) -> None:
    house.jobs().files.write(new_id(), 0, b"Last name")

    erase_files_before(house.platform.tenant("acme"), "somebody", clock.now())

    assert house.platform["job_files"].count_documents({}) == 0


def test_r62_a_file_that_is_being_written_goes_too(house: House) -> None:
    job = with_file(house, "output")

    def be_late(job: Job) -> Progress:
        erase_files_before(house.platform.tenant("acme"), "somebody", clock.now())
        house.runner().run()
        house.jobs().files.write(job.id, 1, b"late", claim=job.claim)
        return Progress({}, is_over=True)

    house.runner(lambda _: be_late).run()

    assert house.now(job).state == "failed"
    assert house.platform["job_files"].count_documents({}) == 0


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

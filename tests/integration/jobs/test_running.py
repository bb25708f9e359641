"""Jobs are done step by step: whatever is killed repeats one step at most, and each has its turn."""

from __future__ import annotations

import functools
import threading
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from staffroll import clock
from staffroll.errors import Forbidden, OutboxFull
from staffroll.jobs import Job, JobRunner, Progress
from staffroll.jobs.runner import MAX_TRIES
from tests.integration.jobs.conftest import House, Killed
from tests.support.waiting import eventually


def has_passed(moment: datetime) -> bool:
    return clock.now() > moment


def test_a_job_is_done_step_by_step_with_a_result_for_each_item(house: House) -> None:
    job = house.new(30)

    house.runner().run()

    after = house.now(job)
    assert (after.state, after.total, after.done, after.failed) == ("done", 30, 30, 4)
    assert after.counts == {"counted": 26, "refused": 4}
    assert (after.steps, after.results) == (3, 30)
    assert house.numbers(job) == list(range(1, 31))
    assert set(house.times(job).values()) == {1}


@pytest.mark.parametrize("place", ["before the step", "in the step", "after the step"])
def test_whoever_is_killed_leaves_one_step_to_be_repeated(house: House, place: str) -> None:
    job = house.new(50)
    seen: list[int] = []

    def die_in_the_third(job: Job) -> None:
        seen.append(job.steps)
        if len(seen) == 3:
            raise Killed

    if place == "in the step":
        house.before_effect = die_in_the_third
    elif place == "after the step":
        house.after_effect = die_in_the_third
    runner = house.runner()
    if place == "before the step":
        runner.claim()
    else:
        with pytest.raises(Killed):
            runner.run()
    house.forsake(job)

    house.runner().run()

    repeated = [number for number, times in house.times(job).items() if times > 1]
    assert repeated == (list(range(21, 31)) if place == "after the step" else [])
    assert house.numbers(job) == list(range(1, 51))
    assert (house.now(job).state, house.now(job).counts) == ("done", {"counted": 43, "refused": 7})


def test_killed_between_results_and_progress_gives_each_result_once(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = house.new(30)
    keep = JobRunner._keep_results

    def keep_and_die(*arguments: object) -> None:
        keep(*arguments)  # type: ignore[arg-type]
        raise Killed

    with monkeypatch.context() as patched:
        patched.setattr(JobRunner, "_keep_results", keep_and_die)
        with pytest.raises(Killed):
            house.runner().run()
    house.forsake(job)

    house.runner().run()

    assert house.numbers(job) == list(range(1, 31))
    assert house.now(job).results == 30


def test_two_runners_at_once_do_each_step_of_every_job_once(house: House) -> None:
    tenants = ["acme", "globex", "initech"]
    jobs = [house.new(200, tenant_id=tenant) for tenant in tenants for _ in range(2)]
    runners = [house.runner(), house.runner()]

    def run_until_done(runner: JobRunner) -> None:
        while not all(house.now(job).is_over for job in jobs):
            runner.run()

    threads = [threading.Thread(target=run_until_done, args=(runner,)) for runner in runners]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    for job in jobs:
        assert house.now(job).state == "done"
        assert house.now(job).steps == 20
        assert set(house.times(job).values()) == {1}
        assert house.numbers(job) == list(range(1, 201))


def test_whose_lease_ran_out_changes_nothing_any_more(house: House) -> None:
    job = house.new(30)
    slow, quick = house.runner(), house.runner()
    held = slow.claim()
    assert held is not None
    house.forsake(job)

    def let_another_do_it_all(_: Job) -> None:
        house.before_effect = lambda _: None
        house.size = 15
        quick.run()
        house.size = 10

    house.before_effect = let_another_do_it_all
    slow.take_turn(held)

    after = house.now(job)
    assert (after.state, after.done, after.steps, after.claim) == ("done", 30, 2, 3)
    assert house.numbers(job) == list(range(1, 31))


def test_a_lease_is_renewed_by_every_step(house: House) -> None:
    job = house.new(30)
    held: list[object] = []
    house.before_effect = lambda job: held.append(house.runner().claim())

    house.runner(lease=timedelta(seconds=20)).run()

    assert held == [None, None, None]
    assert house.now(job).state == "done"


def test_a_long_job_lets_other_tenants_have_their_turn(house: House) -> None:
    long = house.new(10_000)
    for _ in range(5):
        house.new(10)  # they wait behind the long one of the same tenant
    short = house.new(10, tenant_id="globex")
    runner = house.runner()
    first = runner.claim()

    second = runner.claim()

    assert first is not None
    assert second is not None
    assert [first.id, second.id] == [long.id, short.id]
    assert runner.claim() is None


def test_who_had_a_turn_goes_to_the_end(house: House) -> None:
    jobs = [house.new(30, tenant_id=tenant) for tenant in ("acme", "globex")]
    runner = house.runner()
    turns: list[str] = []
    for _ in range(4):
        job = runner.claim()
        assert job is not None
        turns.append(job.id)
        runner._let_go(job, tries=0)
        eventually(functools.partial(has_passed, clock.now()))

    assert turns == [jobs[0].id, jobs[1].id] * 2


def test_a_tenant_has_no_more_jobs_running_than_it_may(house: House) -> None:
    for _ in range(4):
        house.new(10)
    runners = [house.runner(at_once_per_tenant=2) for _ in range(4)]
    claimed: list[Job | None] = []
    threads = [
        threading.Thread(target=lambda one=runner: claimed.append(one.claim()))
        for runner in runners
    ]

    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    claimed.extend(house.runner(at_once_per_tenant=2).claim() for _ in range(3))

    assert len([job for job in claimed if job is not None]) == 2
    assert house.platform["jobs"].count_documents({"state": "queued"}) == 2


def test_what_is_unavailable_is_waited_for_however_often(house: House) -> None:
    job = house.new(30)

    def be_full(_: Job) -> None:
        raise OutboxFull

    house.before_effect = be_full
    for _ in range(MAX_TRIES * 2):
        house.forsake(job)
        house.runner().run()
    waiting = house.now(job)
    house.before_effect = lambda _: None
    house.forsake(job)

    house.runner().run()

    assert (waiting.state, waiting.done) == ("running", 0)
    assert house.now(job).state == "done"


def test_what_a_rule_refuses_fails_with_its_code(house: House) -> None:
    job = house.new(30)

    def refuse(_: Job) -> None:
        raise Forbidden(permission="accounts.imports:edit")

    house.before_effect = refuse
    house.runner().run()

    after = house.now(job)
    assert after.state == "failed"
    assert after.failure is not None
    assert after.failure.code == "forbidden"


def test_what_fails_again_and_again_is_given_up(house: House) -> None:
    job = house.new(30)
    tries = 0

    def break_down(_: Job) -> None:
        nonlocal tries
        tries += 1
        raise ZeroDivisionError

    house.before_effect = break_down
    for _ in range(MAX_TRIES + 1):
        house.forsake(job)
        house.runner().run()

    after = house.now(job)
    assert tries == MAX_TRIES
    assert after.failure is not None
    assert (after.state, after.failure.code) == ("failed", "job_broken")


def test_a_step_that_fails_once_is_repeated(house: House) -> None:
    job = house.new(30)

    def break_down_once(_: Job) -> None:
        house.before_effect = lambda _: None
        raise ZeroDivisionError

    house.before_effect = break_down_once
    house.runner().run()
    house.forsake(job)
    house.runner().run()

    assert house.now(job).state == "done"


def test_a_job_that_waits_is_cancelled_at_once(house: House) -> None:
    job = house.new(30)

    answer = house.jobs().cancel(job.id, job.kind, clock.now())

    assert answer.state == "cancelled"
    house.runner().run()
    assert house.now(job).state == "cancelled"
    assert house.times(job) == {}


def test_a_running_job_is_cancelled_between_steps_and_keeps_what_is_done(house: House) -> None:
    job = house.new(30)
    states: list[tuple[str, bool]] = []

    def cancel(job: Job) -> None:
        answer = house.jobs().cancel(job.id, job.kind, clock.now())
        states.append((answer.state, answer.is_cancelling))

    house.after_effect = cancel
    house.runner().run()

    after = house.now(job)
    assert states == [("running", True)]
    assert (after.state, after.done) == ("cancelled", 10)
    assert house.numbers(job) == list(range(1, 11))
    assert set(house.times(job)) == set(range(1, 11))


def test_what_is_over_cannot_be_cancelled(house: House) -> None:
    job = house.new(30)
    house.runner().run()

    answer = house.jobs().cancel(job.id, job.kind, clock.now())

    assert (answer.state, answer.is_cancelling) == ("done", False)


def test_a_step_may_make_the_next_one_wait(house: House) -> None:
    job = house.new(30)

    def step(job: Job) -> Progress:
        return replace(house.step(job), pause_seconds=1_000)

    house.runner(lambda _: step).run()
    house.runner(lambda _: step).run()
    waiting = house.now(job)
    house.forsake(job)
    house.runner().run()

    assert (waiting.state, waiting.done) == ("running", 10)
    assert house.now(job).state == "done"


def test_a_step_may_be_the_last_one_without_items(house: House) -> None:
    job = house.new(30)

    house.runner(lambda _: lambda _: Progress({}, is_over=True)).run()

    assert (house.now(job).state, house.now(job).done) == ("done", 0)

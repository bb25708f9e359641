"""Another team's service, as the docs have it, beside the running suite."""

from __future__ import annotations

import os
import re
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.support.apart import Apart, Client
from tests.support.examples import example
from tests.support.leaving import leaves
from tests.support.outsiders import RunningSubscriber
from tests.support.rabbitmq import RabbitNode
from tests.support.waiting import eventually

HELD, REFUSED = "Held", "Refused"
"""Last names of whom the directory cannot take in while there is a file of that name."""

DIRECTORY = f"""
import os
from pathlib import Path

from staffroll.subscribe import Reject, SqliteVersions, Subscriber

subscriber = Subscriber(
    os.environ["NAME"],
    os.environ["BROKER_URL"],
    versions=SqliteVersions("known.sqlite"),
    tenant_id=os.environ["TENANT"],
    broker_prefix=os.environ["BROKER_PREFIX"],
)

@subscriber.on("user.*")
def take_in(event, user):
    entry = f"{{event.subject}} {{event.sequence}} {{user.last_name}} {{event.replay}}"
    print("begins", entry, flush=True)
    if user.last_name == "{HELD}" and Path("{HELD}").exists():
        Path("{HELD}").read_text()
    if user.last_name == "{REFUSED}" and Path("{REFUSED}").exists():
        raise Reject("not yet")
    print("has", entry, flush=True)

subscriber.run(health_port=int(os.environ["HEALTH_PORT"]))
"""


class Directory(RunningSubscriber):
    """Takes in everybody of one tenant."""

    def entries(self, verb: str, id_: str) -> list[tuple[int, str, bool]]:
        """Version, last name, and whether it was told again; in order."""
        lines = re.findall(rf"^{verb} {id_} (\d+) (\S+) (\w+)$", self.log, re.MULTILINE)
        return [(int(version), name, replay == "True") for version, name, replay in lines]

    def known(self, id_: str) -> int:
        """The version that it has applied, as it remembers."""
        with sqlite3.connect(self.folder / "known.sqlite") as file:
            found = file.execute("select sequence from known where subject = ?", [id_]).fetchone()
        file.close()
        return int(found[0]) if found else 0

    def forget_the_beginning(self) -> None:
        """The next start asks for everything again."""
        with sqlite3.connect(self.folder / "known.sqlite") as file:
            file.execute("delete from caught_up")
        file.close()


Begin = Callable[[Client, str], Directory]


@pytest.fixture
def directory_of(apart: Apart, rabbitmq: RabbitNode, tmp_path: Path) -> Iterator[Begin]:
    """Makes a directory of a tenant, not started yet."""
    begun: list[Directory] = []

    def begin(tenant: Client, name: str) -> Directory:
        begun.append(
            Directory(
                DIRECTORY,
                tmp_path,
                {
                    "NAME": name,
                    "TENANT": tenant.tenant_id,
                    "BROKER_URL": rabbitmq.url,
                    "BROKER_PREFIX": apart.prefix,
                },
            )
        )
        return begun[-1]

    yield begin
    for one in begun:
        one.end()


@pytest.fixture(scope="module")
def acme(apart: Apart) -> Client:
    return apart.tenant()


@pytest.fixture
def payroll(apart: Apart, rabbitmq: RabbitNode, tmp_path: Path) -> Iterator[RunningSubscriber]:
    environ = {"BROKER_URL": rabbitmq.url, "BROKER_PREFIX": apart.prefix}
    service = RunningSubscriber(example("events.md", "payroll.py"), tmp_path, environ)
    yield service
    service.end()


def somebody(acme: Client, last_name: str) -> str:
    """Their id."""
    body = {
        "last_name": last_name,
        "first_name": "Ada",
        "email": f"{os.urandom(6).hex()}@a.example",
    }
    created = acme.create("accounts", body)
    assert created.status_code == 201, created.text
    return str(created.json()["id"])


def is_renamed(acme: Client, id_: str, last_name: str) -> int:
    """Their version since."""
    changed = acme.patch("accounts", f"/v1/users/{id_}", json={"last_name": last_name})
    assert changed.status_code == 200, changed.text
    return int(changed.json()["version"])


def is_kept(payroll: RunningSubscriber, id_: str) -> bool:
    with closing(sqlite3.connect(payroll.folder / "payroll.sqlite")) as file:
        found = file.execute("select marks from known where subject = ?", (id_,)).fetchone()
    return found is not None and "deactivated" in found[0]


def test_the_example_hears_who_left_before_it_came_while_it_runs_and_while_it_is_down(
    acme: Client, payroll: RunningSubscriber
) -> None:
    before, _ = leaves(acme)
    eventually(lambda: acme.sees("accounts", before)["status"] == "deactivated")

    payroll.start()
    eventually(lambda: f"stop paying {before}" in payroll.log)

    during, email = leaves(acme)
    eventually(lambda: f"stop paying {during} {email}" in payroll.log)
    # What is killed before it has kept how far it came hears the last again, rightly.
    eventually(lambda: is_kept(payroll, during))

    payroll.process.kill()
    meanwhile, _ = leaves(acme)
    eventually(lambda: acme.sees("accounts", meanwhile)["status"] == "deactivated")
    payroll.start()

    eventually(lambda: f"stop paying {meanwhile}" in payroll.log)
    assert payroll.process.stop() == 0
    for id_ in (before, during, meanwhile):
        assert payroll.log.count(f"stop paying {id_}") == 1


def test_f4_a_subscriber_killed_in_the_middle_hears_it_again_and_applies_it_once(
    acme: Client, directory_of: Begin
) -> None:
    directory = directory_of(acme, "killed")
    gate = directory.folder / HELD
    os.mkfifo(gate)
    directory.start()
    id_ = somebody(acme, HELD)
    eventually(lambda: directory.entries("begins", id_))

    directory.process.kill()
    assert directory.known(id_) == 0
    gate.unlink()
    directory.start()

    once = [(1, HELD, False)]
    eventually(lambda: directory.known(id_) == 1)
    assert directory.entries("begins", id_) == 2 * once
    assert directory.entries("has", id_) == once
    assert directory.process.stop() == 0
    directory.forget_the_beginning()
    directory.start()
    assert directory.entries("has", id_) == once


def test_a_subscriber_that_hung_during_fifty_changes_ends_at_the_newest_of_each(
    acme: Client, directory_of: Begin
) -> None:
    directory = directory_of(acme, "hung")
    ids = [somebody(acme, "Nowak") for _ in range(5)]
    directory.start()
    for id_ in ids:
        eventually(lambda id_=id_: directory.known(id_) == 1)

    directory.process.signal(signal.SIGSTOP)
    newest = {id_: is_renamed(acme, id_, f"N{number}") for number in range(10) for id_ in ids}
    directory.process.signal(signal.SIGCONT)

    for id_, version in newest.items():
        eventually(lambda id_=id_, version=version: directory.known(id_) == version)
        applied = directory.entries("has", id_)
        assert applied[-1] == (version, "N9", False)
        assert applied == sorted(applied)
    assert directory.is_ready()


def test_a_subscriber_that_comes_late_hears_of_everybody_once_as_they_are_now(
    acme: Client, directory_of: Begin
) -> None:
    ids = [somebody(acme, "Nowak") for _ in range(3)]
    versions = {id_: is_renamed(acme, id_, "Kowalski") for id_ in ids}
    users = acme.suite.database("accounts")["users"]
    eventually(lambda: not users.find_one({"_id": {"$in": ids}, "outbox": {"$ne": []}}))
    foreign = somebody(acme.suite.tenant_in_accounts(), "Elsewhere")
    directory = directory_of(acme, "late")

    directory.start()

    for id_, version in versions.items():
        assert directory.entries("has", id_) == [(version, "Kowalski", True)]
    assert foreign not in directory.log


def test_what_is_refused_at_the_beginning_waits_for_nobody_and_can_be_retried(
    acme: Client, directory_of: Begin
) -> None:
    directory = directory_of(acme, "picky")
    id_ = somebody(acme, REFUSED)
    (directory.folder / REFUSED).touch()

    directory.start()

    (directory.folder / REFUSED).unlink()
    command = acme.suite.command
    assert "rejected (not yet)" in command("dead-letters", "list", "--service", "picky")
    command("dead-letters", "retry", "--service", "picky", "--all")
    eventually(lambda: directory.entries("has", id_) == [(1, REFUSED, True)])


def test_the_tests_of_the_example_pass_without_a_broker(tmp_path: Path) -> None:
    for name in ("payroll.py", "test_payroll.py"):
        (tmp_path / name).write_text(example("events.md", name))

    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_payroll.py"],
        cwd=tmp_path,
        env={"BROKER_URL": "amqp://127.0.0.1:1"},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stdout + done.stderr
    assert "1 passed" in done.stdout

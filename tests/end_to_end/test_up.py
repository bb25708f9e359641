"""`staffroll up`, from the outside: what it prints, what it leaves, what it survives."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import requests

from tests.support.suite import RunningSuite, free_port_range, wait_until_none_is_on
from tests.support.waiting import eventually

README = Path(__file__).parents[2] / "README.md"

StartSuite = Callable[..., RunningSuite]


@pytest.fixture(scope="module")
def suite(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningSuite]:
    """One that several tests share; they may kill parts of it, and leave it whole."""
    running = RunningSuite(tmp_path_factory.mktemp("shared") / "data", "--port", "0")
    try:
        running.wait_until_ready()
        yield running
    finally:
        running.end()


@pytest.fixture
def start(tmp_path: Path) -> Iterator[StartSuite]:
    """Starts suites on a folder of the test's own, one after the other."""
    started: list[RunningSuite] = []

    def start_one(*arguments: str) -> RunningSuite:
        running = RunningSuite(tmp_path / "data", *(arguments or ("--port", "0")))
        started.append(running)
        return running

    yield start_one
    for running in started:
        running.end()


def sign_in(suite: RunningSuite, url: str | None = None) -> int:
    """The status of the answer to what is printed."""
    wish = {
        "tenant": suite.labelled("Tenant"),
        "email": suite.labelled("E-mail"),
        "password": suite.labelled("Password"),
    }
    try:
        answer = requests.post(f"{url or suite.url('account')}/v1/sign-in", json=wish, timeout=40)
    except requests.ConnectionError:
        return 0
    return answer.status_code


def command(suite: RunningSuite, *arguments: str) -> subprocess.CompletedProcess[str]:
    clean = {name: text for name, text in os.environ.items() if "STAFFROLL" not in name}
    return subprocess.run(
        [sys.executable, "-m", "staffroll.cli", *arguments],
        env={**clean, "STAFFROLL_DATA": str(suite.data)},
        capture_output=True,
        text=True,
        timeout=60,
    )


def test_what_is_printed_signs_the_admin_in(suite: RunningSuite) -> None:
    status = sign_in(suite)

    assert status == 200
    assert suite.labelled("Tenant") == "acme"


def test_every_service_is_ready_when_it_says_so(suite: RunningSuite) -> None:
    for mount in ("account", "wfm", "people", "export"):
        answer = requests.get(f"{suite.url(mount)}/readyz", timeout=40)

        assert answer.status_code == 200, answer.text


def test_a_second_start_on_the_same_data_is_refused_in_one_sentence(suite: RunningSuite) -> None:
    second = RunningSuite(suite.data, "--port", "0")
    try:
        code = second.wait_until_ended()
    finally:
        second.end_only_itself()

    assert code == 1
    error = second.output.strip().splitlines()[-1]
    assert error.startswith(f"Error: A Staffroll (process {suite.pid}) already runs on the data")
    assert "Traceback" not in second.output
    assert sign_in(suite) == 200


def test_a_taken_port_is_named_in_one_sentence_and_nothing_is_started(
    start: StartSuite, tmp_path: Path
) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]

        suite = start("--port", str(port))
        code = suite.wait_until_ended()

    assert code == 1
    error = suite.output.strip().splitlines()[-1]
    assert error.startswith(f"Error: Port {port} is already taken")
    assert "Traceback" not in suite.output
    assert not (tmp_path / "data" / "mongo").exists()


@pytest.mark.parametrize(
    ("variable", "url", "told"),
    [
        (
            "STAFFROLL_BROKER_URL",
            "amqp://guest:hush@127.0.0.1:1/",
            "The broker does not answer at 127.0.0.1:1: see STAFFROLL_BROKER_URL.",
        ),
        (
            "STAFFROLL_MONGODB_URI",
            "mongodb://u:hush@127.0.0.1:1/",
            "The database does not answer (ServerSelectionTimeoutError): see STAFFROLL_MONGODB_URI.",
        ),
    ],
)
def test_a_server_that_does_not_answer_is_named_before_anything_is_made(
    tmp_path: Path, variable: str, url: str, told: str
) -> None:
    suite = RunningSuite(tmp_path / "data", "--port", "0", environ={variable: url})
    try:
        code = suite.wait_until_ended(30)
    finally:
        suite.end()

    assert code == 1
    assert f"Error: {told}\n" in suite.output
    assert "Demo" not in suite.output
    assert "Traceback" not in suite.output
    assert "hush" not in suite.output


@pytest.mark.long
def test_what_a_start_waits_for_is_told(tmp_path: Path, start: StartSuite) -> None:
    first = start("--port", "0")
    first.wait_until_ready()
    assert first.stop() == 0

    other = {"STAFFROLL_SECRET_KEY": "another secret that is long enough too"}
    second = RunningSuite(tmp_path / "data", "--port", "0", environ=other)

    try:
        eventually(lambda: "not ready yet (signing keys: STAFFROLL_SECRET_KEY" in second.output, 40)
        assert second.stop() == 0
    finally:
        second.end()


@pytest.mark.parametrize("part", ["consumer", "web"])
def test_a_part_that_is_killed_is_started_again(suite: RunningSuite, part: str) -> None:
    before = suite.output.count(f"{part} runs again")

    os.kill(suite.child(part), signal.SIGKILL)

    eventually(lambda: suite.output.count(f"{part} runs again") == before + 1, timeout=20)
    eventually(lambda: sign_in(suite) == 200, timeout=30)
    assert f"{part} ended (signal 9)" in suite.output


def test_a_database_that_is_killed_is_started_again_with_its_data(suite: RunningSuite) -> None:
    database = int((suite.data / "mongo" / "mongod.lock").read_text())

    os.kill(database, signal.SIGKILL)

    eventually(lambda: "mongod runs again" in suite.output, timeout=30)
    eventually(lambda: sign_in(suite) == 200, timeout=30)


def test_other_commands_find_the_suite_that_runs_from_the_folder(suite: RunningSuite) -> None:
    listed = command(suite, "dead-letters", "list")
    indexed = command(suite, "indexes")

    assert listed.returncode == 0, listed.stderr
    assert "accounts: 0" in listed.stdout
    assert indexed.returncode == 0, indexed.stderr
    assert "accounts: " in indexed.stdout


def test_check_finds_all_services_in_step(suite: RunningSuite) -> None:
    checked = command(suite, "check", "--tenant", "acme")

    assert checked.returncode == 0, checked.stdout + checked.stderr
    for follower in ("scheduling", "people", "export"):
        assert f"acme: accounts and {follower}: in step" in checked.stdout


def test_the_doctor_finds_the_suite_that_runs_from_the_folder_well(suite: RunningSuite) -> None:
    examined = command(suite, "doctor", "--json")

    findings = json.loads(examined.stdout)["findings"]
    looked_at = {one["about"] for one in findings}
    assert looked_at == {
        *("accounts", "scheduling", "people", "export", "database", "broker", "disk")
    }
    # How full the disk of whoever runs the tests is, is not our subject.
    assert [one for one in findings if one["level"] != "well" and one["about"] != "disk"] == []


def test_the_session_of_the_readme_shows_the_user_and_the_person(suite: RunningSuite) -> None:
    session = re.search(r"```bash\n(URL=.*?)```", README.read_text(), re.DOTALL)
    assert session is not None
    script = session[1].replace(
        "http://127.0.0.1:8000", suite.url("account").removesuffix("/account")
    )

    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script],
        env={"PATH": "/usr/bin:/bin:/usr/local/bin", "PASSWORD": suite.labelled("Password")},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    decoder = json.JSONDecoder()
    user, end = decoder.raw_decode(done.stdout)
    rest = done.stdout[end:].lstrip()
    person, end = decoder.raw_decode(rest)
    assert user["id"] == person["id"]
    assert (user["last_name"], person["last_name"]) == ("Curie", "Curie")
    assert "Curie,Marie,marie@acme.example" in rest[end:]


def test_secrets_are_for_the_owner_alone(suite: RunningSuite) -> None:
    for name in ("secrets.json", "environment"):
        assert (suite.data / name).stat().st_mode & 0o077 == 0


@pytest.mark.parametrize(
    "number", [signal.SIGINT, pytest.param(signal.SIGTERM, marks=pytest.mark.long)]
)
def test_asked_to_stop_it_ends_all_and_the_next_start_finds_the_data_again(
    start: StartSuite, number: signal.Signals
) -> None:
    first = start()
    first.wait_until_ready()
    password = first.labelled("Password")

    first.send(number)
    code = first.wait_until_ended()

    assert code == 0, first.output
    wait_until_none_is_on(first.data)
    assert not (first.data / "environment").exists()
    second = start()
    second.wait_until_ready()
    assert "making a tenant" not in second.output
    assert second.labelled("Password") == password
    assert sign_in(second) == 200


def test_stopping_in_the_middle_of_the_start_leaves_nothing(start: StartSuite) -> None:
    suite = start()
    eventually(lambda: "MongoDB: running" in suite.output, timeout=30)

    code = suite.stop()

    assert code == 0, suite.output
    wait_until_none_is_on(suite.data)


@pytest.mark.long
def test_a_second_ctrl_c_kills(start: StartSuite) -> None:
    suite = start()
    suite.wait_until_ready()

    suite.send(signal.SIGINT)
    eventually(lambda: "Stopping" in suite.output)
    suite.send(signal.SIGINT)
    suite.wait_until_ended(timeout=40)

    wait_until_none_is_on(suite.data)


def test_kill_9_ends_all_and_the_next_start_works(start: StartSuite) -> None:
    first = start()
    first.wait_until_ready()

    first.send(signal.SIGKILL)
    first.wait_until_ended()

    second = start()
    second.wait_until_ready()
    assert sign_in(second) == 200
    assert second.stop() == 0
    wait_until_none_is_on(first.data)


@pytest.mark.long
def test_apart_each_service_has_processes_and_a_port_of_its_own(start: StartSuite) -> None:
    base = free_port_range(4)
    suite = start("--apart", "--base-port", str(base))
    suite.wait_until_ready()

    urls = [f"http://127.0.0.1:{base + shift}" for shift in range(4)]
    health = [requests.get(f"{url}/readyz", timeout=40).status_code for url in urls]

    assert health == [200] * 4
    assert sign_in(suite, urls[0]) == 200
    assert len({suite.child(f"{name}-consumer") for name in ("accounts", "people")}) == 2
    assert suite.stop() == 0
    wait_until_none_is_on(suite.data)


def test_without_a_demo_it_starts_empty(start: StartSuite) -> None:
    suite = start("--port", "0", "--no-demo")
    suite.wait_until_ready()

    assert "Password" not in suite.output

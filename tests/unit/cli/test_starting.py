"""Commands that cannot begin say why in one sentence, before anything is started."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from staffroll.cli import main

GOOD = {
    "STAFFROLL_MONGODB_URI": "mongodb://127.0.0.1:1/",
    "STAFFROLL_SECRET_KEY": "a secret that is long enough for this",
}


@pytest.fixture
def nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder without data, from which commands are called."""
    for name in ("MONGODB_URI", "BROKER_URL", "SECRET_KEY", "DATA"):
        monkeypatch.delenv(f"STAFFROLL_{name}", raising=False)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def taken_port() -> Iterator[int]:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        yield listener.getsockname()[1]


def staffroll(*arguments: str, **variables: str) -> Result:
    return CliRunner().invoke(main, list(arguments), env=variables)


@pytest.mark.usefixtures("nowhere")
@pytest.mark.parametrize(
    "command",
    [("up",), ("serve", "people", "--bind", "127.0.0.1:0"), ("consume", "all"), ("events", "tail")],
)
@pytest.mark.parametrize("url", ["nonsense", "http://rabbit/", "amqp://rabbit:port/"])
def test_a_broker_address_that_is_none_is_one_sentence(command: tuple[str, ...], url: str) -> None:
    result = staffroll(*command, **{**GOOD, "STAFFROLL_BROKER_URL": url})

    assert result.exit_code == 1
    assert "STAFFROLL_BROKER_URL is not the address of a broker" in result.stderr
    assert len(result.stderr.splitlines()) == 1
    assert result.stdout == ""


@pytest.mark.parametrize("command", ["up", "consume all", "indexes", "check"])
def test_a_database_address_that_is_none_is_one_sentence(nowhere: Path, command: str) -> None:
    result = staffroll(*command.split(), **{**GOOD, "STAFFROLL_MONGODB_URI": "nonsense"})

    assert result.exit_code == 1
    assert "STAFFROLL_MONGODB_URI is not a MongoDB address" in result.stderr
    assert len(result.stderr.splitlines()) == 1
    assert not (nowhere / "data").exists()


@pytest.mark.usefixtures("nowhere")
@pytest.mark.parametrize(
    "command",
    [
        "check",
        "doctor",
        "indexes",
        "token acme",
        "events tail",
        "events replay --to people",
        "dead-letters list",
        "tenant create acme --admin-email a@x.example",
    ],
)
def test_without_a_suite_all_commands_say_the_same(command: str) -> None:
    result = staffroll(*command.split())

    assert result.exit_code == 1
    assert result.stderr.startswith("Error: No suite runs from the data folder data: start")
    assert len(result.stderr.splitlines()) == 1


@pytest.mark.parametrize("command", ["indexes --help", "events tail --help", "check --grace -1"])
def test_help_and_wrong_usage_do_not_speak_of_a_suite(nowhere: Path, command: str) -> None:
    (nowhere / "data").mkdir()
    (nowhere / "data" / "environment").write_text("STAFFROLL_MONGODB_URI=mongodb://127.0.0.1:1/\n")

    result = staffroll(*command.split())

    assert result.exit_code in (0, 2)
    assert "the suite that runs" not in result.output


@pytest.mark.usefixtures("nowhere")
@pytest.mark.parametrize("bind", ["nonsense", "127.0.0.1", "127.0.0.1:port", "127.0.0.1:70000"])
def test_an_address_to_listen_at_has_a_host_and_a_port(bind: str) -> None:
    result = staffroll("serve", "people", "--bind", bind, **GOOD)

    assert result.exit_code == 2
    assert f"--bind {bind} is not of the form HOST:PORT" in result.stderr


@pytest.mark.usefixtures("nowhere")
def test_a_taken_address_is_one_sentence(taken_port: int) -> None:
    result = staffroll("serve", "people", "--bind", f"127.0.0.1:{taken_port}", **GOOD)

    assert result.exit_code == 1
    assert result.stderr == (
        f"Error: Nobody can listen at 127.0.0.1:{taken_port} (Address already in use).\n"
    )


@pytest.mark.usefixtures("nowhere")
def test_a_taken_port_for_metrics_is_one_sentence(taken_port: int) -> None:
    result = staffroll("consume", "people", **GOOD, STAFFROLL_METRICS_PORT=str(taken_port))

    assert result.exit_code == 1
    assert result.stderr == (
        f"Error: Nobody can listen at 127.0.0.1:{taken_port} (Address already in use).\n"
    )


@pytest.mark.usefixtures("nowhere")
def test_a_folder_that_nobody_can_make_is_one_sentence() -> None:
    result = staffroll("up", "--data", "/proc/x")

    assert result.exit_code == 1
    assert "The data folder /proc/x cannot be used (No such file or directory)" in result.stderr
    assert len(result.stderr.splitlines()) == 1


@pytest.mark.usefixtures("nowhere")
@pytest.mark.parametrize(
    "command",
    ["events replay --to people --subject x", "events tail --tenant ACME", "check --tenant ACME"],
)
def test_what_cannot_be_an_id_is_wrong_usage(command: str) -> None:
    result = staffroll(*command.split(), **GOOD)

    assert result.exit_code == 2
    assert "cannot be a tenant's id" in result.stderr or "x is no id" in result.stderr

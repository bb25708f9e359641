"""`staffroll tenant create` and `token`: what cannot be is refused before anything is made."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from click.testing import CliRunner, Result
from pymongo import MongoClient

from staffroll.cli import main
from tests.support.accounts import PASSWORD, environ_of

AWAY = "amqp://guest:guest@127.0.0.1:1/"
Create = Callable[..., Result]


@pytest.fixture
def environ(mongodb_uri: str, database_name: str) -> dict[str, str]:
    return environ_of(mongodb_uri, database_name)


@pytest.fixture
def create(environ: dict[str, str]) -> Create:
    def run(*options: str, password: str = PASSWORD, **variables: str) -> Result:
        command = ["tenant", "create", "acme", "--admin-email", "a@x.example"]
        return CliRunner().invoke(
            main,
            [*command, "--admin-password-stdin", *options],
            input=f"{password}\n",
            env={**environ, **variables},
        )

    return run


def databases(mongodb_uri: str, prefix: str) -> list[str]:
    with MongoClient(mongodb_uri) as client:
        return [name for name in client.list_database_names() if name.startswith(prefix)]


@pytest.mark.parametrize(
    ("password", "why"),
    [
        ("", "At least 12 characters."),
        ("short", "At least 12 characters."),
        (PASSWORD[:11], "At least 12 characters."),
        (PASSWORD * 20, "At most 256 characters."),
        ("password1234", "easily guessed"),
    ],
)
def test_r30_a_password_against_the_policy_is_refused_before_anything_is_made(
    create: Create, mongodb_uri: str, database_name: str, password: str, why: str
) -> None:
    result = create(password=password)

    assert result.exit_code == 1
    assert why in result.stderr
    assert len(result.stderr.splitlines()) == 1
    assert databases(mongodb_uri, database_name) == []


@pytest.mark.parametrize("language", ["klingon", "xx", "de_DE", ""])
def test_a_language_that_does_not_exist_is_refused_before_anything_is_made(
    create: Create, mongodb_uri: str, database_name: str, language: str
) -> None:
    result = create("--language", "de", "--language", language)

    assert result.exit_code == 1
    assert f"languages: {language} is not the tag of a language" in result.stderr
    assert databases(mongodb_uri, database_name) == []


@pytest.mark.parametrize("length", [12, 256])
def test_passwords_of_the_shortest_and_longest_length_are_taken(
    create: Create, length: int
) -> None:
    password = (PASSWORD * 20)[:length].replace(" ", "_")
    result = create("--language", "pt-BR", password=password)

    assert result.exit_code == 0, result.output
    assert "Tenant:   acme" in result.stdout
    assert result.stderr == ""


def test_without_a_broker_it_is_made_and_said_to_be_told_later(create: Create) -> None:
    result = create(STAFFROLL_BROKER_URL=AWAY)

    assert result.exit_code == 0, result.output
    assert result.stderr == "Made; the news of it will be sent when the broker is back.\n"


def test_there_is_no_token_for_a_tenant_that_does_not_exist(environ: dict[str, str]) -> None:
    result = CliRunner().invoke(main, ["token", "nope"], env=environ)

    assert (result.exit_code, result.stderr) == (2, "Error: There is no tenant nope.\n")


def test_a_secret_that_does_not_open_the_keys_is_one_sentence(
    create: Create, environ: dict[str, str]
) -> None:
    assert create().exit_code == 0
    first = CliRunner().invoke(main, ["token", "acme"], env=environ)
    assert first.exit_code == 0, first.output

    environ["STAFFROLL_SECRET_KEY"] = "another secret that is long enough too"
    result = CliRunner().invoke(main, ["token", "acme"], env=environ)

    assert result.exit_code == 1
    assert "does not open the signing keys in this database" in result.stderr
    assert len(result.stderr.splitlines()) == 1


def test_a_database_that_is_away_is_one_sentence(
    create: Create, environ: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("staffroll_accounts.cli._DATABASE_SECONDS", 0.1)

    result = create(STAFFROLL_MONGODB_URI="mongodb://127.0.0.1:1/")

    assert result.exit_code == 1
    assert result.stderr.startswith("Error: The database does not answer.")
    assert len(result.stderr.splitlines()) == 1

from __future__ import annotations

import pytest
from click.testing import CliRunner

from staffroll.cli.lazy import LazyGroup

main = LazyGroup("staffroll", own={"fail": ("tests.unit.cli.failing:fail", "Fails.")})


@pytest.mark.parametrize(
    ("kind", "told"),
    [
        ("settings", "STAFFROLL_SECRET_KEY is missing"),
        ("port", "Port 8000 is already taken"),
        ("disk", "has 1 MB left"),
        ("full", "The disk is full: make room and try again (data/lock)."),
        ("read-only", "The disk is read-only: choose another folder (data/lock)."),
        ("broker", "The broker is away: 127.0.0.1:5672 does not answer"),
        ("topology", "queue accounts.events: x-queue-type"),
        ("database", "The database does not answer"),
        ("refused", "The database refuses: not authorized"),
        ("rule", "Too many requests. Try again in 5 s."),
        ("library", "pip install 'staffroll[service]'"),
    ],
)
def test_what_is_expected_is_one_sentence_and_exit_code_1(kind: str, told: str) -> None:
    result = CliRunner().invoke(main, ["fail", kind])

    assert result.exit_code == 1
    assert told in result.stderr
    assert len(result.stderr.splitlines()) == 1
    assert result.stdout == ""


def test_a_bug_keeps_its_traceback() -> None:
    result = CliRunner().invoke(main, ["fail", "bug"])

    assert isinstance(result.exception, RuntimeError)


def test_an_unknown_command_is_a_usage_error() -> None:
    result = CliRunner().invoke(main, ["dance"])

    assert result.exit_code == 2
    assert "No such command" in result.stderr

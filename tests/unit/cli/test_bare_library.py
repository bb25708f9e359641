"""`pip install staffroll` alone, without its extras, is enough for the command itself."""

from __future__ import annotations

import subprocess
import sys

import pytest

WITHOUT_EXTRAS = """
import sys
for name in ("flask", "pymongo", "gunicorn", "werkzeug", "joserfc", "flask_smorest"):
    sys.modules[name] = None
from staffroll.cli import main
main(prog_name="staffroll")
"""


def staffroll(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", WITHOUT_EXTRAS, *arguments], capture_output=True, text=True
    )


@pytest.mark.parametrize(
    "arguments",
    [("--help",), ("--version",), ("dead-letters", "--help"), ("events", "tail", "--help")],
)
def test_help_needs_no_web_and_no_database(arguments: tuple[str, ...]) -> None:
    result = staffroll(*arguments)

    assert result.returncode == 0, result.stderr
    assert "taffroll" in result.stdout


@pytest.mark.parametrize("name", ["up", "serve", "consume", "indexes", "check", "events"])
def test_help_lists_the_command(name: str) -> None:
    result = staffroll("--help")

    assert f"\n  {name} " in result.stdout


def test_what_needs_more_says_what_to_install() -> None:
    result = staffroll("up")

    assert result.returncode == 1
    assert result.stderr.splitlines()[-1].endswith("pip install 'staffroll[service]' brings it.")

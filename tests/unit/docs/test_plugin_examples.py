"""The tutorial for plugin authors works as it stands."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from click.testing import CliRunner

from staffroll.cli import main
from tests.support.examples import DOCS, example


def test_the_plugin_of_the_tutorial_passes_its_tests(tmp_path: Path) -> None:
    for name in ("staffroll_lunch_policy.py", "test_lunch_policy.py"):
        (tmp_path / name).write_text(example("plugins.md", name))

    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "."],
        cwd=tmp_path,
        env={},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stdout + done.stderr
    assert "2 passed" in done.stdout


def test_the_first_minute_answers_what_the_page_says(tmp_path: Path) -> None:
    page = (DOCS / "plugins.md").read_text()
    CliRunner().invoke(main, ["plugin", "new", "acme-policy", "--in", str(tmp_path)])
    installed = tmp_path / "installed"
    built = subprocess.run(
        [
            *(sys.executable, "-m", "pip", "install", "--quiet", "--no-deps"),
            *("--no-build-isolation", "--no-index", "--target", str(installed)),
            str(tmp_path / "staffroll-acme-policy"),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    assert built.returncode == 0, built.stderr

    tried = subprocess.run(
        [
            *(sys.executable, "-m", "staffroll.cli", "plugin", "try", "acme_policy"),
            *("check_password", "--password", "my-acme-secret"),
            *("--settings", '{"words": ["acme"]}'),
        ],
        env={"PYTHONPATH": str(installed)},
        capture_output=True,
        text=True,
        check=False,
    )

    assert tried.returncode == 1, tried.stderr
    assert (
        tried.stdout.strip() == "acme_policy.forbidden_word: The password contains the word acme."
    )
    assert f"`{tried.stdout.strip()}`" in page.replace("\n", " ").replace("  ", " ")

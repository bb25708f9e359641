from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from staffroll.cli import main


def staffroll(*arguments: str) -> tuple[int, str]:
    done = CliRunner().invoke(main, ["plugin", *arguments])
    return done.exit_code, done.output


def test_a_new_plugin_is_complete_and_its_tests_pass_at_once(tmp_path: Path) -> None:
    code, said = staffroll("new", "acme-policy", "--in", str(tmp_path))

    assert code == 0, said
    folder = tmp_path / "staffroll-acme-policy"
    assert sorted(str(path.relative_to(folder)) for path in folder.rglob("*.*")) == [
        "README.md",
        "pyproject.toml",
        "staffroll_acme_policy.py",
        "tests/test_acme_policy.py",
    ]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests"],
        cwd=folder,
        env={"PYTHONPATH": str(folder)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "2 passed" in done.stdout


@pytest.mark.parametrize("name", ["Acme", "a_b", "-a", "a--b", "../x", ""])
def test_a_name_that_cannot_be_one_is_refused(tmp_path: Path, name: str) -> None:
    code, said = staffroll("new", "--in", str(tmp_path), "--", name)

    assert code != 0
    assert "small letters" in said
    assert list(tmp_path.iterdir()) == []


def test_nothing_is_written_over_what_is_there(tmp_path: Path) -> None:
    staffroll("new", "acme-policy", "--in", str(tmp_path))

    code, said = staffroll("new", "acme-policy", "--in", str(tmp_path))

    assert code == 1
    assert "there already" in said


def test_what_is_not_installed_cannot_be_tried() -> None:
    code, said = staffroll("try", "nowhere", "check_password")

    assert code == 1
    assert "not installed in this environment" in said

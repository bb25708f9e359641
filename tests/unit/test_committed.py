from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    (tmp_path / "tools").mkdir()
    (tmp_path / "tools" / "check_committed.py").write_text(
        (ROOT / "tools" / "check_committed.py").read_text()
    )
    subprocess.run(["git", "init", "--quiet"], cwd=tmp_path, check=True)
    return tmp_path


def check(checkout: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "tools/check_committed.py"], cwd=checkout, capture_output=True, text=True
    )


def test_a_clean_checkout_passes(checkout: Path) -> None:
    (checkout / "settings.txt").write_text("nothing special\n")

    checked = check(checkout)

    assert (checked.returncode, checked.stdout) == (0, "")


@pytest.mark.parametrize(
    "line",
    [
        "https://" + "pypi" + ".org/simple",
        "--index" + "-url https://mirror.example/simple",
        "UV_" + "INDEX" + "_URL=https://mirror.example",
    ],
)
def test_a_package_registry_is_found_by_file_and_line(checkout: Path, line: str) -> None:
    (checkout / "requirements.txt").write_text(f"flask\n{line}\n")

    checked = check(checkout)

    assert checked.returncode == 1
    assert checked.stdout.startswith("requirements.txt:2: names ")


def test_a_path_of_this_machine_is_found(checkout: Path) -> None:
    (checkout / "run.sh").write_text(f"{checkout}/tools/run\n")

    checked = check(checkout)

    assert checked.returncode == 1
    assert checked.stdout.startswith("run.sh:1: names ")


def test_what_git_ignores_is_not_looked_at(checkout: Path) -> None:
    (checkout / ".gitignore").write_text("local.txt\n")
    (checkout / "local.txt").write_text(f"{checkout}/tools\n")

    checked = check(checkout)

    assert checked.returncode == 0

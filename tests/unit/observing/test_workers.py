"""The folder that the worker processes of one server count in."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from staffroll.observing.workers import FOLDER_VARIABLE, shared_folder


@pytest.fixture(autouse=True)
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.delenv(FOLDER_VARIABLE, raising=False)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


def test_it_is_named_while_it_is_there_and_gone_afterwards() -> None:
    with shared_folder() as folder:
        assert os.environ[FOLDER_VARIABLE] == str(folder)
        assert list(folder.iterdir()) == []
        (folder / "counter_1.db").touch()

    assert FOLDER_VARIABLE not in os.environ
    assert not folder.exists()


def test_a_worker_that_ends_leaves_it_to_the_others(temporary: Path) -> None:
    code = """
import os, sys
from staffroll.observing.workers import shared_folder
with shared_folder() as folder:
    if os.fork() == 0:
        sys.exit(0)
    os.wait()
    print(folder.is_dir())
print(folder.is_dir())
"""

    environ = {**os.environ, "TMPDIR": str(temporary)}
    done = subprocess.run([sys.executable, "-c", code], env=environ, capture_output=True, text=True)

    assert done.stdout.split() == ["True", "False"], done.stderr


def test_what_a_killed_process_left_behind_goes_and_what_a_living_one_has_stays(
    temporary: Path,
) -> None:
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    left = temporary / f"staffroll-metrics-{ended.pid}-abc"
    living = temporary / f"staffroll-metrics-{os.getppid()}-abc"
    foreign = temporary / "staffroll-metrics-of-somebody"
    for folder in (left, living, foreign):
        folder.mkdir()

    with shared_folder():
        pass

    assert sorted(temporary.iterdir()) == sorted([living, foreign])


def test_a_folder_that_is_named_already_is_emptied_and_kept(
    temporary: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    named = temporary / "named"
    named.mkdir()
    (named / "counter_7.db").touch()
    monkeypatch.setenv(FOLDER_VARIABLE, str(named))

    with shared_folder() as folder:
        assert folder == named
        assert list(named.iterdir()) == []

    assert named.is_dir()
    assert os.environ[FOLDER_VARIABLE] == str(named)

from __future__ import annotations

import os
import signal
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path

import pytest

from staffroll.local.errors import StartFailed
from staffroll.local.supervisor import FIRST_PAUSE_SECONDS, Child, Supervisor
from tests.support.waiting import eventually

POLITE = """
    import pathlib, signal, sys, time
    def end(*_):
        print("ending politely", flush=True)
        sys.exit(0)
    signal.signal(signal.SIGTERM, end)
    print("started", flush=True)
    time.sleep(600)
"""

DEAF = """
    import signal, subprocess, sys, time
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    print("started", flush=True)
    time.sleep(600)
"""


@pytest.fixture
def said() -> list[str]:
    return []


@pytest.fixture
def supervisor(said: list[str]) -> Iterator[Supervisor]:
    supervisor = Supervisor(said.append)
    yield supervisor
    supervisor.stop(grace_seconds=0.0)


def a_child(folder: Path, program: str, name: str = "child") -> Child:
    command = [sys.executable, "-c", textwrap.dedent(program)]
    return Child(name, command, {"MARK": str(folder)}, folder / f"{name}.log")


def has_said(child: Child, text: str) -> bool:
    return text in child.log.read_text()


def is_gone(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return False


def test_a_child_that_is_killed_is_started_again(
    tmp_path: Path, supervisor: Supervisor, said: list[str]
) -> None:
    child = a_child(tmp_path, POLITE)
    supervisor.start(child)
    first = child.pid
    assert first is not None
    eventually(lambda: has_said(child, "started"))

    os.kill(first, signal.SIGKILL)

    def runs_again() -> bool:
        supervisor.check()
        return child.pid not in (None, first)

    eventually(runs_again)
    assert "child ended (signal 9); it is started again in 0.5 s" in said[0]
    assert said[1] == f"child runs again as process {child.pid}"
    assert supervisor.deaths("child") == 1


def test_pauses_grow_while_a_child_keeps_dying(
    tmp_path: Path, supervisor: Supervisor, said: list[str]
) -> None:
    child = a_child(tmp_path, "raise SystemExit(3)")
    supervisor.start(child)

    def has_died_three_times() -> bool:
        supervisor.check()
        return supervisor.deaths("child") == 3

    eventually(has_died_three_times)
    deaths = [line for line in said if "ended" in line]
    assert [f"in {FIRST_PAUSE_SECONDS * 2**n:g} s" in deaths[n] for n in range(3)] == [True] * 3
    assert "exit code 3" in deaths[0]


def test_a_part_that_does_not_start_again_is_told_and_tried_later(
    tmp_path: Path, supervisor: Supervisor, said: list[str]
) -> None:
    class Broken:
        name = "mongod"
        log = tmp_path / "mongod.log"
        pid = None

        def start(self) -> None:
            raise StartFailed("exit code 14", self.log)

        def ended(self) -> str | None:
            return "its process is gone"

    supervisor.watch(Broken())

    def was_told_twice() -> bool:
        supervisor.check()
        return len([line for line in said if "mongod does not start" in line]) == 2

    eventually(was_told_twice)
    assert supervisor.deaths("mongod") == 1


def test_stopping_asks_first_and_waits(tmp_path: Path, supervisor: Supervisor) -> None:
    children = [a_child(tmp_path, POLITE, name) for name in ("web", "consumer")]
    for child in children:
        supervisor.start(child)
        eventually(lambda child=child: has_said(child, "started"))

    supervisor.stop()

    assert all(has_said(child, "ending politely") for child in children)
    assert all(child.pid is None for child in children)


def test_who_does_not_listen_is_killed_with_all_it_started(
    tmp_path: Path, supervisor: Supervisor
) -> None:
    child = a_child(tmp_path, DEAF)
    supervisor.start(child)
    assert child.pid is not None
    eventually(lambda: has_said(child, "started"))
    grandchildren = Path(f"/proc/{child.pid}/task/{child.pid}/children").read_text().split()
    assert len(grandchildren) == 1

    supervisor.stop(grace_seconds=0.2)

    eventually(lambda: is_gone(int(grandchildren[0])))


def test_what_a_dead_child_started_is_gone_before_it_starts_again(
    tmp_path: Path, supervisor: Supervisor
) -> None:
    child = a_child(tmp_path, DEAF)
    supervisor.start(child)
    assert child.pid is not None
    eventually(lambda: has_said(child, "started"))
    orphan = int(Path(f"/proc/{child.pid}/task/{child.pid}/children").read_text())

    os.kill(child.pid, signal.SIGKILL)
    eventually(lambda: child.ended() is not None)

    eventually(lambda: is_gone(orphan))


def test_a_stopped_supervisor_starts_nothing_again(
    tmp_path: Path, supervisor: Supervisor, said: list[str]
) -> None:
    child = a_child(tmp_path, POLITE)
    supervisor.start(child)
    eventually(lambda: has_said(child, "started"))

    supervisor.stop()
    supervisor.check()

    assert child.pid is None
    assert said == []

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from staffroll.local import guardian
from staffroll.local.folder import DataFolder
from staffroll.local.refusals import FolderInUse
from tests.support.suite import processes_on, wait_until_none_is_on
from tests.support.waiting import eventually

# What `up` does, without services: a guardian, a server, and a child that writes a while
# longer when it is asked to end.
OWNER = """
    import sys, time
    from pathlib import Path
    from staffroll.local.database import Database
    from staffroll.local.folder import DataFolder
    from staffroll.local.guarding import Guard
    from staffroll.local.supervisor import Child

    folder = DataFolder(Path(sys.argv[1]))
    folder.open(lambda: print("waiting", flush=True))
    guard = Guard(folder)
    database = Database(folder.path)
    database.start()
    program = Path(sys.argv[2]).read_text()
    child = Child(
        "writer",
        [sys.executable, "-c", program, database.uri, str(folder.path)],
        {},
        folder.log("writer"),
        guard.held,
    )
    child.start()
    print("ready", flush=True)
    time.sleep(600)
"""

WRITER = """
    import signal, sys, time
    from pymongo import MongoClient

    asked = []
    signal.signal(signal.SIGTERM, lambda *_: asked.append(1))
    letters = MongoClient(sys.argv[1]).test.letters
    letters.insert_one({"at": "start"})
    print("started", flush=True)
    while not asked:
        time.sleep(0.01)
    for number in range(20):
        letters.insert_one({"number": number})
        time.sleep(0.02)
    print("wrote everything", flush=True)
"""


def test_kill_9_of_the_owner_ends_first_the_children_and_then_the_database(
    tmp_path: Path,
) -> None:
    writer = tmp_path / "writer.py"
    writer.write_text(textwrap.dedent(WRITER))
    data = tmp_path / "data"
    log = data / "logs" / "writer.log"
    owner = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(OWNER), str(data), str(writer)],
        stdout=subprocess.PIPE,
        text=True,
    )
    with owner:
        assert owner.stdout
        assert owner.stdout.readline() == "ready\n"
        eventually(lambda: "started" in log.read_text())

        owner.kill()
        owner.wait()

        with pytest.raises(FolderInUse):
            _open_at_once(data)
        wait_until_none_is_on(data, timeout=30)
        assert "wrote everything" in log.read_text()
        assert (data / "mongo" / "mongod.lock").read_text() == ""
    folder = DataFolder(data)
    folder.open(lambda: None)
    folder.close()


def test_a_child_that_hangs_is_killed_so_that_the_folder_is_free(tmp_path: Path) -> None:
    in_use = os.pipe()
    alive = os.pipe()
    hangs = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(600)"
    child = subprocess.Popen([sys.executable, "-c", hangs], pass_fds=in_use[1:])
    watched = subprocess.Popen(
        [
            *(sys.executable, "-I", "-S", guardian.__file__),
            *(str(tmp_path), str(alive[0]), str(in_use[0]), "0.2"),
        ],
        pass_fds=(alive[0], in_use[0]),
    )
    for descriptor in (*alive, *in_use):
        os.close(descriptor)

    assert watched.wait(30) == 0
    assert child.wait(30) == -signal.SIGKILL


def _open_at_once(data: Path) -> None:
    """As somebody who finds the owner's process alive: there is nothing to wait for."""
    (data / "lock").write_text(f"{os.getpid()}\n")
    DataFolder(data).open(lambda: None)


def test_a_child_ends_when_its_parent_is_killed(tmp_path: Path) -> None:
    program = """
        import sys, time
        from pathlib import Path
        from staffroll.local.supervisor import Child
        folder = Path(sys.argv[1])
        sleep = [sys.executable, "-c", "import time; time.sleep(600)"]
        child = Child("child", sleep, {"MARK": str(folder)}, folder / "child.log")
        child.start()
        print(child.pid, flush=True)
        time.sleep(600)
    """
    parent = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(program), str(tmp_path)],
        stdout=subprocess.PIPE,
        text=True,
    )
    with parent:
        assert parent.stdout
        child = int(parent.stdout.readline())
        assert child in processes_on(tmp_path)

        os.kill(parent.pid, signal.SIGKILL)

        wait_until_none_is_on(tmp_path)

"""Run by its path beside a suite: ends the database server that a killed `up` left behind.

The server must outlive the processes that write to it, and never outlive `up`. So it cannot
simply be bound to its parent's death as they are (`bound.py`): the guardian waits for `up`
to be gone, then for its children, then asks the server to end. It learns of both by pipes
that the kernel closes with their last holder, whatever killed them:

::

    alive   held by `up` alone
    in use  held by `up` and by all its children

It also holds the lock on the data folder until then, so that a new start waits its turn.
Only the standard library is imported, so that it stands guard within milliseconds.
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
import sys
import time
from pathlib import Path
from typing import Final

CHILDREN_SECONDS: Final = 30.0
"""How long the children may take to end; those that hang longer are killed."""

SERVER_SECONDS: Final = 30.0

_POLL_SECONDS: Final = 0.1


def main() -> None:
    folder, alive, in_use = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    os.read(alive, 1)
    patience = float(sys.argv[4]) if len(sys.argv) > 4 else CHILDREN_SECONDS
    ended, _, _ = select.select([in_use], [], [], patience)
    if not ended:
        kill_holders(in_use)
    end_server(folder)


def kill_holders(pipe: int) -> None:
    """Kill every other process that has the pipe open: who hangs at its end would work on a
    database that is gone, and beside the children of the next start."""
    name = Path(f"/proc/self/fd/{pipe}").readlink()
    for entry in Path("/proc").glob("[0-9]*"):
        if int(entry.name) != os.getpid() and _holds(entry, name):
            with contextlib.suppress(ProcessLookupError):
                os.kill(int(entry.name), signal.SIGKILL)


def _holds(process: Path, name: Path) -> bool:
    try:
        return any(held.readlink() == name for held in (process / "fd").iterdir())
    except OSError:
        # It ended, or is not ours to look into.
        return False


def end_server(folder: Path) -> None:
    """End the server that works on ``<folder>/mongo``; there is none after a clean stop."""
    database = folder / "mongo"
    try:
        pid = int((database / "mongod.lock").read_text())
    except (OSError, ValueError):
        return
    if not _works_on(pid, database):
        return
    os.kill(pid, signal.SIGTERM)
    deadline = time.monotonic() + SERVER_SECONDS
    while _works_on(pid, database) and time.monotonic() < deadline:
        time.sleep(_POLL_SECONDS)
    if _works_on(pid, database):
        os.kill(pid, signal.SIGKILL)


def _works_on(pid: int, database: Path) -> bool:
    """Whether that process is the server of this very folder, and not one that was given
    the same number later."""
    try:
        words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    except OSError:
        return False
    return os.fsencode(database) in words


if __name__ == "__main__":
    main()

"""The folder in which the worker processes of one server keep what they count.

Each writes files of its own there, and whichever is asked for metrics adds all of them up
(prometheus_client's multiprocess mode). Imports nothing of prometheus_client: it decides at its
import whether there is such a folder.
"""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

FOLDER_VARIABLE: Final = "PROMETHEUS_MULTIPROC_DIR"

_PREFIX: Final = "staffroll-metrics-"
_OURS: Final = re.compile(rf"^{_PREFIX}(\d+)-")


@contextmanager
def shared_folder() -> Iterator[Path]:
    """An empty folder for the workers of this process, named by `FOLDER_VARIABLE` meanwhile.

    One that the variable names already is emptied and stays. Ours goes at the end; what a
    process left behind that was killed, goes with the next start.
    """
    given = os.environ.get(FOLDER_VARIABLE)
    if given:
        folder = Path(given)
        folder.mkdir(parents=True, exist_ok=True)
        for file in folder.glob("*.db"):
            file.unlink(missing_ok=True)
        yield folder
        return
    _clear_up()
    owner = os.getpid()
    folder = Path(tempfile.mkdtemp(prefix=f"{_PREFIX}{owner}-"))
    os.environ[FOLDER_VARIABLE] = str(folder)
    try:
        yield folder
    finally:
        # A worker that ends comes by here, too, and the others go on.
        if os.getpid() == owner:
            del os.environ[FOLDER_VARIABLE]
            shutil.rmtree(folder, ignore_errors=True)


def _clear_up() -> None:
    for folder in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*"):
        named = _OURS.match(folder.name)
        if named is None or folder.is_symlink() or _is_alive(int(named[1])):
            continue
        with suppress(OSError):
            if folder.stat().st_uid == os.getuid():
                shutil.rmtree(folder, ignore_errors=True)


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    # A number that came round again, as 1 does in every container.
    return pid != os.getpid()

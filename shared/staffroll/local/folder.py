"""The data folder of a suite on this machine.

::

    <folder>/
    ├── lock            held while a suite runs; names its process
    ├── environment     settings of the running suite, for other commands (0600)
    ├── secrets.json    made once, kept for the next start (0600)
    ├── mongo/          the database; mongod.log beside it
    ├── mail/           what would have been sent
    └── logs/           one file per process
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import json
import os
import secrets
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

from staffroll.local.refusals import FolderInUse, FolderUnusable

LEFTOVER_SECONDS: Final = 60.0
"""How long the rest of a killed suite may take to end before we give up on the folder."""

LOG_BYTES: Final = 10_000_000
"""A log that is larger at a start is put aside, over the one put aside before."""

_MADE_HERE: Final = ("secret_key", "plugin_key")

_POLL_SECONDS: Final = 0.1
_REASONS: Final = {
    errno.ENOSPC: "the disk is full",
    errno.EDQUOT: "your share of the disk is used up",
    errno.EROFS: "the disk is read-only",
    errno.EACCES: "it may not be written by you",
    errno.EPERM: "it may not be written by you",
    errno.ENOTDIR: "it is no folder",
    errno.EEXIST: "it is no folder",
}


class DataFolder:
    """The folder, ours alone from `open` to `close`.

    Args:
        path: Made if missing.
    """

    def __init__(self, path: Path) -> None:
        self.path = path.resolve()
        self.mail = self.path / "mail"
        self.logs = self.path / "logs"
        self.environment = self.path / "environment"
        self._secrets = self.path / "secrets.json"
        self._lock: int | None = None

    @property
    def lock(self) -> int:
        """File descriptor of the lock, for the guardian to hold as well."""
        assert self._lock is not None
        return self._lock

    def open(self, waiting: Callable[[], None]) -> None:
        """Make the folder and lock it.

        Args:
            waiting: Called once when the rest of a killed suite is still ending.
        Raises:
            FolderInUse: Another suite runs on it.
            FolderUnusable: It cannot be made or written.
        """
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            self._lock = os.open(self.path / "lock", os.O_RDWR | os.O_CREAT, 0o600)
            self._take_lock(self._lock, waiting)
            os.truncate(self._lock, 0)
            os.pwrite(self._lock, f"{os.getpid()}\n".encode(), 0)
            for folder in (self.mail, self.logs):
                folder.mkdir(mode=0o700, exist_ok=True)
        except OSError as error:
            self.close()
            reason = _REASONS.get(error.errno or 0, error.strerror or type(error).__name__)
            raise FolderUnusable(self.path, reason) from error

    def close(self) -> None:
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def secrets(self) -> dict[str, Any]:
        """What was kept, and all of `_MADE_HERE` in any case."""
        try:
            kept: dict[str, Any] = json.loads(self._secrets.read_text())
        except FileNotFoundError:
            kept = {}
        missing = [name for name in _MADE_HERE if name not in kept]
        if missing:
            kept |= {name: secrets.token_urlsafe(48) for name in missing}
            self.keep(kept)
        return kept

    def keep(self, kept: Mapping[str, Any]) -> None:
        """Store secrets so that a crash leaves the old or the new ones, whole."""
        draft = self._secrets.with_suffix(".draft")
        draft.unlink(missing_ok=True)
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as opened:
            json.dump(kept, opened, indent=2)
            opened.flush()
            os.fsync(opened.fileno())
        draft.replace(self._secrets)

    def log(self, name: str) -> Path:
        """The log file of a process; a large one is put aside first."""
        path = self.logs / f"{name}.log"
        with contextlib.suppress(FileNotFoundError):
            if path.stat().st_size > LOG_BYTES:
                path.replace(path.with_suffix(".log.1"))
        return path

    def _take_lock(self, lock: int, waiting: Callable[[], None]) -> None:
        deadline = time.monotonic() + LEFTOVER_SECONDS
        has_said = False
        while True:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                owner = _owner(lock)
                if owner is None or _is_running(owner) or time.monotonic() > deadline:
                    self.close()
                    raise FolderInUse(self.path, owner) from None
                if not has_said:
                    waiting()
                    has_said = True
                time.sleep(_POLL_SECONDS)
            else:
                return


def _owner(lock: int) -> int | None:
    try:
        return int(os.pread(lock, 32, 0))
    except ValueError:
        return None


def _is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True

"""Folders for the servers of a test run, in memory where there is enough of it: MongoDB and
RabbitMQ wait for the disk at each write, and need twice the processor for it."""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from pathlib import Path
from typing import Final

_MEMORY: Final = Path("/dev/shm")
_ROOMY_BYTES: Final = 4_000_000_000
"""A server needs 0.5 GB, a run has up to four; and containers have 64 MB of it all in all."""
_OURS: Final = re.compile(r"staffroll-[a-z]+-(\d+)-\w+")


def new_folder(kind: str, *, on_disk: bool = False) -> Path:
    """An empty folder that whoever asks removes."""
    where = Path(tempfile.gettempdir()) if on_disk or not _is_roomy() else _MEMORY
    return Path(tempfile.mkdtemp(prefix=f"staffroll-{kind}-{os.getpid()}-", dir=where))


def _is_roomy() -> bool:
    try:
        _forget_the_dead()
        available = re.search(r"MemAvailable: +(\d+) kB", Path("/proc/meminfo").read_text())
        free_bytes = shutil.disk_usage(_MEMORY).free
    except OSError:
        return False
    return available is not None and min(int(available[1]) * 1024, free_bytes) > _ROOMY_BYTES


def _forget_the_dead() -> None:
    """What runs that were killed have left would take memory until the machine restarts."""
    for folder in _MEMORY.iterdir():
        found = _OURS.fullmatch(folder.name)
        if found and not Path(f"/proc/{found[1]}").exists():
            shutil.rmtree(folder, ignore_errors=True)

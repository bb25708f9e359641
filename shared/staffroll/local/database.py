"""The database server as a part of a supervised suite."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from staffroll.local.mongod import Mongod
from staffroll.local.signals import Hurried


class Database:
    """A `staffroll.local.supervisor.Part`: keeps its port when it is started again."""

    name: Final = "mongod"

    def __init__(self, folder: Path) -> None:
        self._mongod = Mongod(folder)

    @property
    def log(self) -> Path:
        return self._mongod.log

    @property
    def uri(self) -> str:
        return self._mongod.uri

    @property
    def port(self) -> int:
        return self._mongod.port

    @property
    def pid(self) -> int | None:
        return self._mongod.pid

    def start(self) -> None:
        self._mongod.start()

    def ended(self) -> str | None:
        return None if self._mongod.is_running else "its process is gone"

    def stop(self) -> None:
        """Only after the last child: their last writes need it."""
        try:
            self._mongod.stop()
        except Hurried:
            self._mongod.kill()
            raise

"""What a subscriber remembers of each thing: its newest version, and enough to compare.

Kept in SQLite beside the service, in memory for trying, or by `Versions` in a database
of one's own, best in the same transaction as what a handler writes.
"""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Protocol

Marks = Mapping[str, Any]

_SCHEMA: Final = """
    create table if not exists known (
        owner text, tenant text, subject text, sequence integer not null, marks text not null,
        primary key (owner, tenant, subject)
    ) without rowid;
    create table if not exists caught_up (owner text primary key) without rowid;
"""


@dataclass(frozen=True, slots=True)
class Known:
    """One thing as it was last heard of.

    Attributes:
        sequence: Its version at the owner; smaller ones are old news.
        marks: What later states are compared with; nothing personal.
    """

    sequence: int
    marks: Marks


class Versions(Protocol):
    """Where it is remembered; called from several threads."""

    def get(self, owner: str, tenant: str, subject: str) -> Known | None: ...

    def put(self, owner: str, tenant: str, subject: str, known: Known) -> None:
        """Remember it, unless a newer one is there."""

    def has_caught_up(self, owner: str) -> bool:
        """Whether everything the owner had was told once."""

    def caught_up(self, owner: str) -> None: ...


class MemoryVersions:
    """Forgets everything at the end of the process, so that the next start hears all again."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, str, str], Known] = {}
        self._caught_up: set[str] = set()
        self._lock = threading.Lock()

    def get(self, owner: str, tenant: str, subject: str) -> Known | None:
        return self._known.get((owner, tenant, subject))

    def put(self, owner: str, tenant: str, subject: str, known: Known) -> None:
        with self._lock:
            before = self._known.get((owner, tenant, subject))
            if before is None or before.sequence < known.sequence:
                self._known[owner, tenant, subject] = known

    def has_caught_up(self, owner: str) -> bool:
        return owner in self._caught_up

    def caught_up(self, owner: str) -> None:
        self._caught_up.add(owner)


class SqliteVersions:
    """In a file that survives restarts.

    Args:
        path: Made where it is missing.
    Raises:
        sqlite3.Error: It cannot be opened or is something else.
    """

    def __init__(self, path: str | Path) -> None:
        self._lock = threading.Lock()
        self._database = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        self._database.execute("pragma journal_mode = wal")
        self._database.executescript(_SCHEMA)

    def get(self, owner: str, tenant: str, subject: str) -> Known | None:
        with self._lock:
            row = self._database.execute(
                "select sequence, marks from known where owner = ? and tenant = ? and subject = ?",
                (owner, tenant, subject),
            ).fetchone()
        return None if row is None else Known(row[0], json.loads(row[1]))

    def put(self, owner: str, tenant: str, subject: str, known: Known) -> None:
        with self._lock:
            self._database.execute(
                "insert into known values (?, ?, ?, ?, ?)"
                " on conflict do update set sequence = excluded.sequence, marks = excluded.marks"
                " where excluded.sequence > sequence",
                (owner, tenant, subject, known.sequence, json.dumps(dict(known.marks))),
            )

    def has_caught_up(self, owner: str) -> bool:
        with self._lock:
            asked = self._database.execute("select 1 from caught_up where owner = ?", (owner,))
            return asked.fetchone() is not None

    def caught_up(self, owner: str) -> None:
        with self._lock:
            self._database.execute("insert or ignore into caught_up values (?)", (owner,))

    def close(self) -> None:
        with self._lock:
            self._database.close()

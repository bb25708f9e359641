"""What the database is asked, counted by the database itself."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


@contextmanager
def counted(database: Any, appname: str, into: Counter[str]) -> Iterator[None]:
    """Count what the client `appname` asks of `database` meanwhile, by collection and command.

    Slows the database down: nothing that is timed belongs inside.
    """
    database.command("profile", 2)
    try:
        yield
    finally:
        database.command("profile", 0)
        for found in database["system.profile"].find({"appName": appname}):
            collection = found["ns"].partition(".")[2]
            into[f"{collection} {_name_of(found)}"] += 1
        database["system.profile"].drop()


def _name_of(found: dict[str, Any]) -> str:
    if found["op"] != "command":
        return str(found["op"])
    return str(next(iter(found["command"])))

"""How the database answers what a request asks of it, told by the database's profiler."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

_INDEX = re.compile(r"(IXSCAN|COUNT_SCAN|DISTINCT_SCAN) (\{[^}]*\})")


@dataclass(frozen=True, slots=True)
class Plan:
    """One command and what it cost.

    Attributes:
        way: The index by its name, or how else the documents were found.
        sorts: Whether the server had to sort what it found.
    """

    collection: str
    command: str
    way: str
    keys: int
    documents: int
    returned: int
    sorts: bool


def plans_of(database: Any, appname: str, act: Callable[[], object]) -> list[Plan]:
    """What the client `appname` asks of `database` while `act` is done once, in order."""
    database.command("profile", 2)
    try:
        act()
    finally:
        database.command("profile", 0)
        found = list(database["system.profile"].find({"appName": appname}).sort("ts", 1))
        database["system.profile"].drop()
    names = {one["ns"].partition(".")[2] for one in found}
    indexes = {name: _indexes(database[name]) for name in names}
    return [_plan(one, indexes) for one in found if one["op"] != "getmore"]


def _indexes(collection: Any) -> dict[str, str]:
    """Names of indexes by their keys as the server writes them in a summary."""
    return {
        _written(info["key"]): name
        for name, info in collection.index_information().items()
        if "textIndexVersion" not in info
    }


def _written(keys: Any) -> str:
    inside = ", ".join(f"{name}: {int(direction)}" for name, direction in keys)
    return f"{{ {inside} }}"


def _plan(found: Mapping[str, Any], indexes: Mapping[str, Mapping[str, str]]) -> Plan:
    collection = found["ns"].partition(".")[2]
    summary = found.get("planSummary", "")
    return Plan(
        collection=collection,
        command=_name_of(found),
        way=way_of(summary, indexes[collection]),
        keys=found.get("keysExamined", 0),
        documents=found.get("docsExamined", 0),
        returned=found.get("nreturned", found.get("nModified", found.get("ninserted", 0))),
        sorts=found.get("hasSortStage", False),
    )


def way_of(summary: str, indexes: Mapping[str, str]) -> str:
    """A summary of the server with the names of indexes for their keys; each once."""
    named = [indexes.get(keys, keys) for _, keys in _INDEX.findall(summary)]
    if named:
        return ", ".join(dict.fromkeys(named))
    return {"IDHACK": "_id", "COLLSCAN": "all documents"}.get(summary, summary)


def _name_of(found: Mapping[str, Any]) -> str:
    if found["op"] not in ("command", "query"):
        return str(found["op"])
    asked = found["command"]
    name = str(next(iter(asked)))
    if name != "aggregate":
        return name
    is_count = any("$group" in stage for stage in asked.get("pipeline", ()))
    return "count" if is_count else name

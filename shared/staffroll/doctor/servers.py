"""How it stands with the database server, the broker, and their disks."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from pymongo import MongoClient
from pymongo.errors import ConfigurationError, OperationFailure
from pymongo.uri_parser import parse_uri

from staffroll.bus import Broker, BrokerAway, TopologyConflict
from staffroll.bus.topology import SERVICES, all_queues
from staffroll.doctor import finding as f
from staffroll.doctor.finding import Finding, Level
from staffroll.mongo import AWAY, Document

ENDED_BEFORE: Final = 7
"""Major versions below this are past their end of life."""

SKEW_WARNING_SECONDS: Final = 5.0
SKEW_PROBLEM_SECONDS: Final = 30.0

_FULL_WARNING: Final = 0.85
_FULL_PROBLEM: Final = 0.95

_LIVE_STATES: Final = frozenset({1, 2, 7})
"""Primary, secondary, arbiter."""

_LOOPBACK: Final = frozenset({"127.0.0.1", "localhost", "::1"})


def database(client: MongoClient[Document], uri: str) -> Iterator[Finding]:
    """The server behind `uri`; nothing but a problem where it does not answer."""
    try:
        hello = client.admin.command("hello")
        version = str(client.admin.command("buildInfo")["version"])
    except AWAY as error:
        says = f"MongoDB does not answer ({type(error).__name__})."
        yield Finding("database", "reachable", "problem", says, f.DATABASE_AWAY)
        return
    except OperationFailure as error:
        says = f"MongoDB refuses what it is asked (code {error.code})."
        yield Finding("database", "reachable", "problem", says, f.DATABASE_AWAY)
        return
    yield _version(version, uri)
    yield from _members(client, hello)
    # Commands give times without a zone, whatever the client is told.
    yield skew("database", hello["localTime"].replace(tzinfo=UTC), datetime.now(UTC))


def _version(version: str, uri: str) -> Finding:
    is_old = int(version.partition(".")[0]) < ENDED_BEFORE
    if is_old and not _is_here(uri):
        says = f"MongoDB {version} is past its end of life."
        return Finding("database", "version", "warning", says, f.OLD_DATABASE)
    note = "; past its end of life, so for trying only" if is_old else ""
    return Finding("database", "version", "well", f"MongoDB {version} answers{note}.")


def _is_here(uri: str) -> bool:
    try:
        nodes = parse_uri(uri)["nodelist"]
    except ConfigurationError:
        return False
    return all(host in _LOOPBACK for host, _ in nodes)


def _members(client: MongoClient[Document], hello: Document) -> Iterator[Finding]:
    if hello.get("msg") == "isdbgrid":
        yield Finding("database", "replica set", "well", "It is a sharded cluster.")
        return
    if "setName" not in hello:
        says = "MongoDB is no replica set: news would be late, and a crash could take it back."
        yield Finding("database", "replica set", "problem", says, f.NO_REPLICA_SET)
        return
    try:
        members = client.admin.command("replSetGetStatus")["members"]
    except OperationFailure:
        says = f"Replica set {hello['setName']}; how its members are, we may not ask."
        yield Finding("database", "replica set", "well", says)
        return
    alive = sum(member["state"] in _LIVE_STATES for member in members)
    says = f"Replica set {hello['setName']}: {alive} of {len(members)} members are there."
    level: Level = "well" if alive == len(members) else "warning"
    if 2 * alive <= len(members):
        level, says = "problem", f"{says} That is no majority: nothing can be written."
    yield Finding(
        "database", "replica set", level, says, None if level == "well" else f.MEMBERS_AWAY
    )


def broker(bus: Broker) -> Iterator[Finding]:
    """The broker and the queues on it that every start makes."""
    try:
        wanted = [queue for service in SERVICES for queue in all_queues(service)]
        there = bus.look(wanted)
        missing = [queue for queue in wanted if queue not in there]
        if not missing:
            bus.declare()
    except BrokerAway as error:
        yield Finding(
            "broker", "reachable", "problem", f"The broker is away: {error}.", f.BROKER_AWAY
        )
        return
    except TopologyConflict as error:
        says = f"It holds something of our name with other properties ({error})."
        yield Finding("broker", "queues", "problem", says, f.TOPOLOGY)
        return
    if missing:
        says = f"Queues are missing: {', '.join(missing)}."
        yield Finding("broker", "queues", "problem", says, f.QUEUES_MISSING)
    else:
        yield Finding("broker", "queues", "well", f"It answers and has all {len(wanted)} queues.")


def disk_of_database(client: MongoClient[Document], name: str) -> Iterator[Finding]:
    """Where the server keeps its files, if it tells."""
    try:
        stats: Document = client[name].command("dbStats")
    except (*AWAY, OperationFailure):
        return
    total, used = stats.get("fsTotalSize", 0), stats.get("fsUsedSize", 0)
    if total:
        yield _disk("of the database", used / total)


def disk_of_folder(folder: Path) -> Iterator[Finding]:
    """Where a suite on this machine keeps logs and mail."""
    if folder.is_dir():
        usage = shutil.disk_usage(folder)
        # What is kept back for root counts for neither.
        yield _disk(f"of {folder}", usage.used / (usage.used + usage.free))


def _disk(which: str, share: float) -> Finding:
    level: Level = "well"
    if share >= _FULL_WARNING:
        level = "problem" if share >= _FULL_PROBLEM else "warning"
    says = f"The disk {which} is full to {share:.0%}."
    return Finding("disk", which, level, says, None if level == "well" else f.DISK)


def skew(about: str, theirs: datetime, ours: datetime, unsure_seconds: float = 0.0) -> Finding:
    """How far a clock is from ours.

    Args:
        unsure_seconds: How far it may be for all that is known.
    """
    seconds = (theirs - ours).total_seconds()
    apart = max(0.0, abs(seconds) - unsure_seconds)
    level: Level = "well"
    if apart >= SKEW_WARNING_SECONDS:
        level = "problem" if apart >= SKEW_PROBLEM_SECONDS else "warning"
    direction = "ahead of" if seconds > 0 else "behind"
    says = f"Its clock is {apart:.0f} s {direction} ours." if apart >= 1 else "Its clock is ours."
    return Finding(about, "clock", level, says, None if level == "well" else f.CLOCK)

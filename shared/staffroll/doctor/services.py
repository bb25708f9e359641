"""How it stands with one service: its indexes, outboxes and queues, and what it says itself."""

from __future__ import annotations

import http.client
import json
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Final

from pymongo.database import Database

from staffroll.bus import Broker, BrokerAway, QueueState
from staffroll.bus.contract import NoQueue
from staffroll.bus.topology import all_queues
from staffroll.doctor import finding as f
from staffroll.doctor.finding import Finding, Level
from staffroll.doctor.servers import skew
from staffroll.mongo import Document, Index, Platform
from staffroll.mongo.forms import Forms

OLD_SECONDS: Final = 30.0
"""What waits in an outbox for so long is not on its way any more."""

MANY_MESSAGES: Final = 10_000

_TAKEN_WITHIN_SECONDS: Final = 5.0
_POLL_SECONDS: Final = 0.25
_ANSWER_SECONDS: Final = 10.0

_ONLY_SAID: Final = frozenset({"mail", "plugins", "bootstrap"})
"""What `readyz` may wait for without anything being broken."""

_WHOLE_SECONDS: Final = 1.0
"""What a `Date` header leaves open."""


def indexes(service: str, database: Database[Document], wanted: Sequence[Index]) -> Finding:
    """Whether all are there, as they are declared."""
    there = {
        collection: database[collection].index_information()
        for collection in {index.collection for index in wanted}
    }
    missing = [
        f"{index.collection}.{index.name}"
        for index in wanted
        if not _is_as_declared(index, there[index.collection])
    ]
    if missing:
        says = f"Indexes are missing, or not as declared: {', '.join(missing)}."
        return Finding(service, "indexes", "problem", says, f.remedy_for(f.INDEXES, service))
    return Finding(service, "indexes", "well", f"All {len(wanted)} indexes are there.")


def _is_as_declared(index: Index, there: Mapping[str, Any]) -> bool:
    keys = list(index.keys) if index.every_tenant else ["tenant_id", *index.keys]
    found = there.get(index.name)
    return (
        found is not None
        and [key for key, _ in found["key"]] == keys
        and bool(found.get("unique")) == index.unique
    )


def outboxes(service: str, database: Database[Document], collections: Sequence[str]) -> Finding:
    """How long the oldest news waits to be sent."""
    oldest: datetime | None = None
    for name in collections:
        waiting = {"outbox.at": {"$exists": True}}
        first = database[name].find_one(waiting, {"outbox.at": 1}, sort=[("outbox.at", 1)])
        for entry in first["outbox"] if first else ():
            oldest = entry["at"] if oldest is None else min(oldest, entry["at"])
    seconds = 0.0 if oldest is None else (datetime.now(UTC) - oldest).total_seconds()
    if seconds < OLD_SECONDS:
        return Finding(service, "outboxes", "well", "No news waits for long to be sent.")
    says = f"News waits to be sent, the oldest for {seconds:.0f} s."
    return Finding(service, "outboxes", "problem", says, f.remedy_for(f.OUTBOX, service))


def forms(service: str, database: Database[Document], kept: Sequence[Forms]) -> Finding:
    """Whether documents are still kept in the form of an earlier version."""
    platform = Platform(database)
    counts = {one.collection: one.count_old(platform) for one in kept}
    old = [f"{count} of {name}" for name, count in counts.items() if count]
    if not old:
        return Finding(service, "documents", "well", "All documents are of the newest form.")
    says = f"Documents are still kept in an older form: {', '.join(old)}."
    return Finding(service, "documents", "warning", says, f.remedy_for(f.OLD_FORM, service))


def queues(service: str, bus: Broker) -> Iterator[Finding]:
    """Whether somebody takes what is in the service's queues, and what could not be applied."""
    try:
        for queue, state in bus.look(all_queues(service)).items():
            yield _queue(service, queue, state, bus)
        count = bus.dead_letters(service).count()
    except (BrokerAway, NoQueue):
        return  # which is said of the broker
    if count:
        says = f"{_messages(count)} could not be applied."
        remedy = f.remedy_for(f.DEAD_LETTERS, service)
        yield Finding(service, "dead letters", "problem", says, remedy)
    else:
        yield Finding(service, "dead letters", "well", "There are no dead letters.")


def _queue(service: str, queue: str, state: QueueState, bus: Broker) -> Finding:
    holds = f"{queue} holds {_messages(state.messages)}"
    if state.consumers == 0:
        says = f"{holds}, and nobody consumes it."
        return Finding(service, queue, "problem", says, f.remedy_for(f.NO_CONSUMER, service))
    if state.consumers is None and state.messages and not _is_taken(queue, state.messages, bus):
        says = f"{holds}, and nobody takes them."
        return Finding(service, queue, "problem", says, f.remedy_for(f.NO_CONSUMER, service))
    if state.messages >= MANY_MESSAGES:
        says = f"{holds}."
        return Finding(service, queue, "warning", says, f.remedy_for(f.LAG, service))
    told = "" if state.consumers is None else f"; consumers: {state.consumers}"
    return Finding(service, queue, "well", f"{holds}{told}.")


def _messages(count: int) -> str:
    return "1 message" if count == 1 else f"{count} messages"


def _is_taken(queue: str, messages: int, bus: Broker) -> bool:
    """Whether they become fewer: where the broker does not tell who consumes."""
    deadline = time.monotonic() + _TAKEN_WITHIN_SECONDS
    while time.monotonic() < deadline:
        if bus.look([queue])[queue].messages < messages:
            return True
        time.sleep(_POLL_SECONDS)
    return False


@dataclass(frozen=True, slots=True)
class _Answer:
    checks: Mapping[str, str]
    their_time: datetime | None
    our_time: datetime


def health(service: str, url: str) -> Iterator[Finding]:
    """What the service says of itself at `url`, and how its clock goes."""
    try:
        answer = _ask(f"{url}/readyz")
    except (OSError, http.client.HTTPException, ValueError) as error:
        reason = getattr(error, "reason", None) or type(error).__name__
        says = f"Nobody answers at {url} ({reason})."
        yield Finding(service, "answers", "problem", says, f.remedy_for(f.SILENT, service))
        return
    yield from _readiness(service, answer.checks)
    if answer.their_time is not None:
        yield skew(service, answer.their_time, answer.our_time, _WHOLE_SECONDS)


def _readiness(service: str, checks: Mapping[str, str]) -> Iterator[Finding]:
    waits = {name: told for name, told in checks.items() if told != "ok"}
    if not waits:
        yield Finding(service, "ready", "well", "It answers, and waits for nothing.")
    for name, told in waits.items():
        level: Level = "warning" if name in _ONLY_SAID else "problem"
        remedy = f.remedy_for(f.BY_READINESS.get(name, f.NOT_READY), service)
        yield Finding(service, name, level, f"It waits: {told}.", remedy)


def _ask(url: str) -> _Answer:
    """Raises `OSError` and others where no service of ours answers."""
    began = datetime.now(UTC)
    try:
        with urllib.request.urlopen(url, timeout=_ANSWER_SECONDS) as response:  # noqa: S310
            body, date = response.read(), response.headers.get("Date")
    except urllib.error.HTTPError as error:
        with error:
            body, date = error.read(), error.headers.get("Date")
    middle = began + (datetime.now(UTC) - began) / 2
    answered = json.loads(body)
    if not isinstance(answered, dict) or not isinstance(answered.get("checks"), dict):
        raise http.client.HTTPException
    told = {str(name): str(text) for name, text in answered["checks"].items()}
    return _Answer(told, parsedate_to_datetime(date) if date else None, middle)

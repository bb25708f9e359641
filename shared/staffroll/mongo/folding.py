"""Folding: of news that waits, what newer news of the same kind makes superfluous goes.

Every event carries the whole state and its version, and readers ignore what is not newer
(docs/events.md), so the newest says all. Kept are what answers a request, and every type that
names a turn in somebody's life: there the event itself may be what is waited for.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, Final

from staffroll.mongo.client import Document

_FOLDED: Final = ".updated"


def fold(entries: Sequence[Document]) -> list[Document]:
    """The entries of an outbox without those that a later one covers, in their order.

    The one that stays names in ``changed`` what changed in all of them.
    """
    kept: list[Document] = []
    newest: dict[tuple[str, ...], dict[str, Any]] = {}
    for entry in reversed(entries):
        if not str(entry["type"]).endswith(_FOLDED):
            kept.append(entry)
            continue
        event = json.loads(entry["body"])
        what = (entry["exchange"], entry["key"], event["subject"])
        later = newest.get(what)
        if later is not None and "requestid" not in event and later["sequence"] > event["sequence"]:
            _add_changed(later, event)
        else:
            newest[what] = event
            kept.append({**entry, "body": event})
    return [_with_text(entry) for entry in reversed(kept)]


def _add_changed(later: dict[str, Any], event: dict[str, Any]) -> None:
    names = [*event["data"].get("changed", ()), *later["data"].get("changed", ())]
    if names:
        later["data"]["changed"] = list(dict.fromkeys(names))


def _with_text(entry: Document) -> Document:
    body = entry["body"]
    if isinstance(body, str):
        return entry
    return {**entry, "body": json.dumps(body, ensure_ascii=False, separators=(",", ":"))}

"""Which changes of an event's schema would break who reads it.

Readers ignore what they do not know, so a field may be added. What they rely on stays: a
field, its type, that it is always there, the values it can have, and that it is personal.
Who sends a request relies on its being understood, so nothing new may be demanded of it.
A breaking change makes a new type (``user.updated.v2``) beside the old one.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any

_CONSTRAINTS = ("type", "format", "pattern", "const")


def breaking(
    old: Mapping[str, Any], new: Mapping[str, Any], requests: Collection[str] = ()
) -> list[str]:
    """A sentence for each thing in `new` that who knows `old` could stumble over.

    Args:
        old, new: JSON Schemas by event type.
        requests: The types that others send.
    """
    gone = [f"{kind} is said no more" for kind in sorted(old.keys() - new.keys())]
    return [
        *gone,
        *(
            f"{kind}: data.{name} must be said now"
            for kind in sorted(old.keys() & new.keys() & set(requests))
            for name in _more(old[kind].get("required", ()), new[kind].get("required", ()))
        ),
        *(
            f"{kind}: {what}"
            for kind in sorted(old.keys() & new.keys())
            for what in _changed(old[kind], new[kind], "data")
        ),
    ]


def _more(fewer: Collection[str], all_: Collection[str]) -> list[str]:
    return sorted(set(all_) - set(fewer))


def _changed(old: Mapping[str, Any], new: Mapping[str, Any], place: str) -> Iterator[str]:
    for name in _CONSTRAINTS:
        if name in old and old[name] != new.get(name):
            yield f"the {name} of {place} was {old[name]} and is {new.get(name)}"
    if "enum" in old:
        added = [value for value in new.get("enum", ["anything"]) if value not in old["enum"]]
        if added:
            yield f"{place} can be {', '.join(map(str, added))} now"
    if old.get("x-personal") and not new.get("x-personal"):
        yield f"{place} is not marked as personal any more"
    optional = _more(new.get("required", ()), old.get("required", ()))
    yield from (f"{place}.{name} may be missing now" for name in optional)
    before, after = old.get("properties", {}), new.get("properties", {})
    for name in sorted(before):
        if name not in after:
            yield f"{place}.{name} is gone"
        else:
            yield from _changed(before[name], after[name], f"{place}.{name}")
    if "items" in old:
        yield from _changed(old["items"], new.get("items", {}), f"an item of {place}")

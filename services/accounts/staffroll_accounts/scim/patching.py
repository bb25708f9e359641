"""Changing a group by the operations of a PATCH, in time that a request has.

The library shows every operation every member, and compares each with every value that is to
go: minutes, for what providers send about a large group. So an operation that names members
is shown those alone, one that removes several is taken apart, and how often those that mean
others, too, may look at a member is bounded.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from scim2_models import PatchOp, PayloadTooLargeException

from staffroll_accounts.scim.filters import comparisons_in, ids_in
from staffroll_accounts.scim.models import POLICY, Group, Member

MOST_LOOKS: Final = 20_000
"""At members, by all operations that do not name them: some seconds."""

MOST_STEPS: Final = 2000
"""Operations, those that remove several members counted once for each."""

_MEMBERS: Final = "members"


def concerned(operations: PatchOp[Group]) -> set[str] | None:
    """Ids of the members that the operations could change; None where those are all, and more."""
    found: set[str] = set()
    for operation in operations.operations or ():
        named = _named_by(operation)
        if named is None:
            return None
        found |= named
    return found


def patched(before: Group, operations: PatchOp[Group]) -> Group:
    """The group after the operations.

    Args:
        before: With the members that are `concerned`.
    Raises:
        SCIMException: An operation cannot be done.
        PayloadTooLargeException: There are more than `MOST_STEPS`, or they look at members more
            than `MOST_LOOKS` times.
    """
    group = before.model_copy(deep=True)
    members = _by_id(group)
    looks = 0
    for operation in _taken_apart(operations):
        named = _named_by(operation)
        if named is None:
            looks += len(members) * _comparisons(operation)
            if looks > MOST_LOOKS:
                raise PayloadTooLargeException(
                    detail="These operations look at members too often. Name those that are "
                    "meant by value, or send less at once."
                )
        shown = members.keys() if named is None else named & members.keys()
        group.members = [members.pop(id_) for id_ in sorted(shown)] or None
        operations.model_copy(update={"operations": [operation]}).patch(group, POLICY)
        members |= _by_id(group)
    group.members = list(members.values()) or None
    return group


def _by_id(group: Group) -> dict[str, Member]:
    return {member.value: member for member in group.members or () if member.value}


def _taken_apart(operations: PatchOp[Group]) -> list[Any]:
    """The operations, with one for each value of those that remove some."""
    parts: list[Any] = []
    for operation in operations.operations or ():
        if operation.op == "remove" and isinstance(operation.value, list) and operation.value:
            one_each = ({"value": [value]} for value in operation.value)
            parts += [operation.model_copy(update=update) for update in one_each]
        else:
            parts.append(operation)
    if len(parts) > MOST_STEPS:
        raise PayloadTooLargeException(detail=f"At most {MOST_STEPS} values and operations.")
    return parts


def _named_by(operation: Any) -> set[str] | None:
    """The members that an operation means: nobody, where it is about something else; None where
    it means others than those whom it names."""
    path, value = operation.path, operation.value
    if path is None or path.model is not None:
        return _named_in(value, is_add=operation.op == "add")
    if not _is_about_members(str(path)):
        return set()
    filtered = _filtered(path)
    if filtered is None or operation.op == "replace":
        return None
    if operation.op == "add":
        return filtered | set(_texts(value))
    return filtered or _removed(value)


def _filtered(path: Any) -> set[str] | None:
    """The members that a path names: nobody, where it is of all the members as such."""
    if path.value_filter is not None:
        return ids_in(path.value_filter)
    return set() if str(path).lower().endswith(_MEMBERS) else None


def _named_in(value: Any, *, is_add: bool) -> set[str] | None:
    if not isinstance(value, dict):
        return set()
    found: set[str] = set()
    for name, inner in value.items():
        if name.lower() == Group.__schema__.lower():
            named = _named_in(inner, is_add=is_add)
        elif not _is_about_members(name):
            named = set()
        else:
            named = set(_texts(inner)) if is_add else None
        if named is None:
            return None
        found |= named
    return found


def _is_about_members(path: str) -> bool:
    return path.lower().removeprefix(f"{Group.__schema__}:".lower()).startswith(_MEMBERS)


def _removed(value: Any) -> set[str] | None:
    """The members that the value of a removal names, if each is named by its id."""
    ids = {_id_in(entry) for entry in (value if isinstance(value, list) else [value])}
    named = {id_ for id_ in ids if id_ is not None}
    return named if named and named == ids else None


def _id_in(entry: Any) -> str | None:
    named = entry.items() if isinstance(entry, dict) else ()
    ids = (id_ for name, id_ in named if name.lower() == "value")
    return next((id_ for id_ in ids if isinstance(id_, str)), None)


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for inner in value.values():
            yield from _texts(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _texts(inner)


def _comparisons(operation: Any) -> int:
    path = operation.path
    return 1 if path is None or path.value_filter is None else comparisons_in(path.value_filter)

"""Users as provisioning clients look for them: by what names them, or by position."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Final

from staffroll.mongo import Document, Index, TenantDatabase
from staffroll.search import email_key
from staffroll_accounts.domain.users import User
from staffroll_accounts.store.users import COLLECTION, UNREAD, from_document

PRESENT: Final = ("active", "deactivated")

INDEXES: Final = (
    Index(COLLECTION, ["status", "_id"], "by_id"),
    Index(
        COLLECTION,
        ["external_id"],
        "external_ids",
        partial={"external_id": {"$gt": ""}},
    ),
)

_LISTED: Final = dict.fromkeys(UNREAD, 0)
_BY_ROLE: Final = "in_order_by_roles"


@dataclass(frozen=True, slots=True)
class Names:
    """What users may be named by; any of them fits."""

    ids: frozenset[str] = frozenset()
    emails: frozenset[str] = frozenset()
    external_ids: frozenset[str] = frozenset()

    def __len__(self) -> int:
        return len(self.ids) + len(self.emails) + len(self.external_ids)


class Provisioned:
    """The users of one tenant who are not deleted."""

    def __init__(self, database: TenantDatabase) -> None:
        self._users = database[COLLECTION]

    def named(self, names: Names, limit: int) -> list[User]:
        """Those who have any of the names, by id; at most `limit`."""
        wheres: list[Document] = []
        if names.ids:
            wheres.append({"_id": {"$in": sorted(names.ids)}})
        if names.emails:
            wheres.append({"email_key": {"$in": sorted(map(email_key, names.emails))}})
        if names.external_ids:
            wheres.append({"external_id": {"$in": sorted(names.external_ids - {""}), "$gt": ""}})
        found = {
            document["_id"]: from_document(document)
            for where in wheres
            for document in self._users.find(where, _LISTED, limit=limit)
        }
        present = (found[id_] for id_ in sorted(found) if found[id_].status in PRESENT)
        return list(present)[:limit]

    def at(
        self, *, statuses: Sequence[str], role_id: str | None, start: int, limit: int
    ) -> tuple[list[User], int]:
        """So many from a position on, from 0, in an order in which new ones come last, and how
        many there are in all; those who have the role come by name."""
        where: Document = {"status": {"$in": list(statuses)}}
        order, hint = [("_id", 1)], "by_id"
        if role_id is not None:
            where["roles"] = role_id
            order, hint = [("sort", 1), ("_id", 1)], _BY_ROLE
        total = self._users.count(where, hint=hint)
        if limit == 0 or start >= total:
            return [], total
        found = self._users.find(where, _LISTED, sort=order, skip=start, limit=limit, hint=hint)
        return [from_document(document) for document in found], total

    def holders(self, role_id: str, limit: int) -> list[str]:
        """Ids of those who have the role, at most `limit`."""
        where = {"status": {"$in": list(PRESENT)}, "roles": role_id}
        found = self._users.find(where, {"_id": 1}, limit=limit, hint=_BY_ROLE)
        return [document["_id"] for document in found]

    def roles_of(self, ids: Collection[str]) -> dict[str, frozenset[str]]:
        """The roles of those of `ids` who are there."""
        where = {"_id": {"$in": sorted(ids)}, "status": {"$in": list(PRESENT)}}
        found = self._users.find(where, {"roles": 1})
        return {document["_id"]: frozenset(document["roles"]) for document in found}

"""MongoDB: documents in and out, indexes, the one atomic write of state and outbox."""

from __future__ import annotations

from typing import Final

from staffroll.mongo import Index, Outbox, TenantDatabase, outbox_index
from staffroll.mongo.lists import list_indexes
from staffroll_accounts.store import keys, refusals, roles, tenants, users
from staffroll_accounts.store.keys import Keys, SigningKey, cipher
from staffroll_accounts.store.refusals import Refusals
from staffroll_accounts.store.roles import Roles
from staffroll_accounts.store.tenants import Tenants, all_tenants
from staffroll_accounts.store.users import OnceUsed, UserExists, Users

__all__ = [
    "INDEXES",
    "OUTBOXES",
    "Keys",
    "OnceUsed",
    "SigningKey",
    "Store",
    "UserExists",
    "all_tenants",
    "cipher",
]

OUTBOXES: Final = (
    users.COLLECTION,
    roles.COLLECTION,
    tenants.COLLECTION,
    refusals.COLLECTION,
    keys.COLLECTION,
)

INDEXES: Final = (
    Index(
        users.COLLECTION,
        ["email_key"],
        "email_unique",
        unique=True,
        partial={"email_key": {"$exists": True}},
    ),
    Index(
        users.COLLECTION,
        ["once.key"],
        "once_unique",
        unique=True,
        partial={"once.key": {"$exists": True}},
    ),
    *list_indexes(users.COLLECTION, "status", facets=["roles"]),
    Index(users.COLLECTION, ["_id", "version"], "versions"),
    Index(roles.COLLECTION, ["name"], "name_unique", unique=True),
    *(outbox_index(name) for name in OUTBOXES),
)


class Store:
    """What one tenant has in accounts."""

    def __init__(self, database: TenantDatabase, outbox: Outbox) -> None:
        self.users = Users(database, outbox)
        self.roles = Roles(database, outbox)
        self.tenants = Tenants(database, outbox)
        self.refusals = Refusals(database, outbox)

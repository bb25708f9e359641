"""Storage: tenant-scoped handles, indexes as data, and the outbox inside the document."""

from staffroll.mongo.client import AWAY, Document, Filter, connect, is_up
from staffroll.mongo.indexes import Index, ensure_indexes, outbox_index
from staffroll.mongo.outbox import Outbox
from staffroll.mongo.scoped import (
    ForeignTenant,
    Platform,
    TenantCollection,
    TenantDatabase,
    duplicate_index,
)

__all__ = [
    "AWAY",
    "Document",
    "Filter",
    "ForeignTenant",
    "Index",
    "Outbox",
    "Platform",
    "TenantCollection",
    "TenantDatabase",
    "connect",
    "duplicate_index",
    "ensure_indexes",
    "is_up",
    "outbox_index",
]

"""What a process of export has at hand, made from its runtime."""

from __future__ import annotations

from staffroll.directory import Directory
from staffroll.runtime import Runtime
from staffroll_export.store import Store


def directory_of(runtime: Runtime) -> Directory:
    """What export has heard of tenants, roles and keys."""
    return Directory(runtime.platform)


def store_of(runtime: Runtime, tenant_id: str) -> Store:
    """What one tenant has in export."""
    return Store(runtime.tenant(tenant_id), runtime.outbox, runtime.plugins)

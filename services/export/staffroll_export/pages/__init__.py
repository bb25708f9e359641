"""What people see of export: the user list as a file."""

from __future__ import annotations

from pathlib import Path

from staffroll.runtime import Runtime
from staffroll.web.pages import Pages, Reader
from staffroll_export.actions.exports import Waits
from staffroll_export.here import directory_of, store_of
from staffroll_export.pages.exports import exports
from staffroll_export.streaming import Downloads


def pages(runtime: Runtime, downloads: Downloads, waits: Waits) -> Pages:
    """All pages of export."""
    directory = directory_of(runtime)

    def reader(tenant_id: str, user_id: str) -> Reader | None:
        user, tenant = store_of(runtime, tenant_id).user(user_id), directory.tenant(tenant_id)
        if user is None or tenant is None:
            return None
        return Reader(user.name, tenant["name"], user.language, user.time_zone)

    return Pages(
        settings=runtime.settings,
        folder=Path(__file__).parent,
        reader=reader,
        groups=[exports(downloads, waits)],
    )

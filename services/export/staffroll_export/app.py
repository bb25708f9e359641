"""Export, wired together."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, cast

from flask import Flask

from staffroll.bootstrap import waits_for
from staffroll.open_tenants import OpenTenants
from staffroll.runtime import Runtime
from staffroll.scope import Scope
from staffroll.standing import Standing
from staffroll.web.audit import audit
from staffroll.web.digest import digests
from staffroll.web.guard import Guard
from staffroll.web.service_app import new_app
from staffroll.web.tokens import KeyRing
from staffroll_export.actions import ExportScope
from staffroll_export.api.exports import exports
from staffroll_export.api.jobs import export_jobs
from staffroll_export.here import directory_of, store_of
from staffroll_export.pages import pages
from staffroll_export.settings import ExportSettings
from staffroll_export.streaming import Downloads
from staffroll_export.sync import OWNER


def create_app(runtime: Runtime) -> Flask:
    """The HTTP side of export."""
    settings = cast(ExportSettings, runtime.settings)
    directory = directory_of(runtime)
    downloads = Downloads(settings.downloads_at_once)

    def standing(tenant_id: str, user_id: str) -> Standing | None:
        return store_of(runtime, tenant_id).standing(user_id)

    def waits() -> str | None:
        return waits_for(runtime, OWNER)

    def versions(scope: Scope[Any], _owner: str) -> Iterable[tuple[str, int]]:
        return cast(ExportScope, scope).store.versions()

    def tombstones(scope: Scope[Any]) -> tuple[str | None, Iterable[str]]:
        store = cast(ExportScope, scope).store
        return directory.tenant_status(scope.tenant_id), store.deleted()

    return new_app(
        "export",
        title="Staffroll export",
        trusted_proxies=runtime.settings.trusted_proxies,
        guarded=Guard(
            KeyRing(directory.public_keys),
            standing,
            lambda tenant_id, _: store_of(runtime, tenant_id),
            lambda: runtime.is_prepared,
            OpenTenants(directory.tenant_status).is_open,
        ),
        resources=[
            exports(downloads, waits),
            export_jobs(downloads, waits),
            audit("export"),
            digests("export", [OWNER], versions, tombstones),
        ],
        ready={
            "database": runtime.waits_for_database,
            "broker": runtime.waits_for_broker,
            "keys": directory.waits_for_keys,
            "bootstrap": waits,
        },
        notes={"plugins": runtime.plugins.waits},
        pages=pages(runtime, downloads, waits),
    )

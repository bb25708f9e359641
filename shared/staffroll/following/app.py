"""The HTTP side that following services share."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from flask import Flask

from staffroll.bootstrap import waits_for
from staffroll.directory import Directory
from staffroll.following.here import Following
from staffroll.mongo.followed import OWNER
from staffroll.open_tenants import OpenTenants
from staffroll.scope import Scope
from staffroll.web.audit import audit
from staffroll.web.digest import digests
from staffroll.web.guard import Guard
from staffroll.web.pages import PageGroup, Pages, Reader
from staffroll.web.resource import Resource
from staffroll.web.service_app import new_app
from staffroll.web.tokens import KeyRing


def following_app(
    here: Following[Any],
    *,
    title: str,
    resources: Sequence[Resource],
    groups: Sequence[PageGroup] = (),
    pages_in: Path | None = None,
) -> Flask:
    """The HTTP side of a following service: its own resources and pages in the common frame.

    Args:
        groups: Its pages, if it has any.
        pages_in: Their folder, where the translations are.
    """
    runtime, name = here.runtime, here.place.name
    directory = Directory(runtime.platform)

    def versions(scope: Scope[Any], owner: str) -> Iterable[tuple[str, int]]:
        return here.store(scope.tenant_id).records.versions(owner)

    def reader(tenant_id: str, user_id: str) -> Reader | None:
        user, tenant = here.store(tenant_id).records.user(user_id), directory.tenant(tenant_id)
        if user is None or tenant is None:
            return None
        return Reader(user.name, tenant["name"], user.language, user.time_zone)

    pages = None
    if pages_in is not None:
        pages = Pages(settings=runtime.settings, folder=pages_in, reader=reader, groups=groups)

    def tombstones(scope: Scope[Any]) -> tuple[str | None, Iterable[str]]:
        tenant_id = scope.tenant_id
        return directory.tenant_status(tenant_id), here.store(tenant_id).records.deleted()

    return new_app(
        name,
        title=title,
        trusted_proxies=runtime.settings.trusted_proxies,
        guarded=Guard(
            KeyRing(directory.public_keys),
            here.standing,
            here.store_for,
            lambda: runtime.is_prepared,
            OpenTenants(directory.tenant_status).is_open,
        ),
        resources=[*resources, audit(name), digests(name, [name, OWNER], versions, tombstones)],
        ready={
            "database": runtime.waits_for_database,
            "broker": runtime.waits_for_broker,
            "keys": directory.waits_for_keys,
            "bootstrap": lambda: waits_for(runtime, OWNER),
        },
        pages=pages,
    )

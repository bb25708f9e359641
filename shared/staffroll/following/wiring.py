"""The frame that following services share: app, readiness, chores."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from flask import Flask

from staffroll.bootstrap import Bootstrap, waits_for
from staffroll.directory import Directory, purge_of
from staffroll.erasing import Erasing, Step, audit_settled
from staffroll.following.here import Following
from staffroll.following.sync import make_handler, say_erased, send_due_again
from staffroll.mongo.audit import AuditWriter
from staffroll.mongo.followed import OWNER
from staffroll.open_tenants import OpenTenants
from staffroll.scope import Scope
from staffroll.service import Chore
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


def following_chores(
    here: Following[Any], audited: Sequence[str] = (), erasing: Sequence[Step] = ()
) -> list[Chore]:
    """Catching up with accounts at the first start, and asking again what is not answered.

    Args:
        audited: Further collections in whose documents audit entries wait.
        erasing: What the place erases of deleted users besides their records.
    """
    collections = [here.form.collection, *audited]
    steps = [audit_settled(here.runtime, collections), *erasing]
    erasures = Erasing(
        here.runtime,
        here.form.collection,
        {"state": "deleted"},
        steps,
        lambda due: say_erased(due, here),
    )
    bootstrap = Bootstrap(here.runtime, OWNER, make_handler(here))
    return [
        Chore("catching up with accounts", 1.0, bootstrap.run, bootstrap.close),
        Chore("sending unanswered wishes again", 1.0, send_due_again(here).run),
        Chore("erasing deleted tenants", 5.0, purge_of(here.runtime.platform).run),
        Chore(
            "writing the audit trail",
            1.0,
            AuditWriter(here.runtime.platform, collections).run,
        ),
        *erasures.chores(),
    ]

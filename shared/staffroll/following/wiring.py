"""The frame that following services share: app, readiness, chores."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
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
from staffroll.web.resource import Resource
from staffroll.web.service_app import new_app
from staffroll.web.tokens import KeyRing


def following_app(here: Following[Any], *, title: str, resources: Sequence[Resource]) -> Flask:
    """The HTTP side of a following service: its own resources in the common frame."""
    runtime, name = here.runtime, here.place.name
    directory = Directory(runtime.platform)

    def versions(scope: Scope[Any], owner: str) -> Iterable[tuple[str, int]]:
        return here.store(scope.tenant_id).records.versions(owner)

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
        resources=[*resources, audit(name), digests(name, [name, OWNER], versions)],
        ready={
            "database": runtime.waits_for_database,
            "broker": runtime.waits_for_broker,
            "keys": directory.waits_for_keys,
            "bootstrap": lambda: waits_for(runtime, OWNER),
        },
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
        Chore("sending unanswered wishes again", 1.0, lambda: send_due_again(here)),
        Chore("erasing deleted tenants", 5.0, purge_of(here.runtime.platform).run),
        Chore(
            "writing the audit trail",
            1.0,
            AuditWriter(here.runtime.platform, collections).run,
        ),
        *erasures.chores(),
    ]

"""What accounts hears: wishes of other services."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any, Final

from staffroll import clock
from staffroll.bootstrap import tell_all
from staffroll.bus.applying import Reject
from staffroll.events import Cause, Event, SnapshotWish, payload_of
from staffroll.ids import UUID_PATTERN
from staffroll.open_tenants import unless_deleted
from staffroll.runtime import Runtime
from staffroll.scope import Actor, Scope
from staffroll_accounts.actions import AccountsScope, deletion, memberships, wishes
from staffroll_accounts.domain import roles as role_rules
from staffroll_accounts.domain import tenants as tenant_rules
from staffroll_accounts.domain.tenants import Tenant
from staffroll_accounts.domain.users import SOURCE, public_state
from staffroll_accounts.here import status_of, store_of
from staffroll_accounts.store import Keys, all_tenants

Handler = Callable[[Event, Any, AccountsScope], None]

EMPLOYEE_EVENTS: Final = (
    "employee.updated",
    "membership.started",
    "membership.changed",
    "membership.ended",
)
"""All that carry an employee's whole state, so that it does not matter which it is."""


def _on_user_requested(event: Event, payload: Any, scope: AccountsScope) -> None:
    if not UUID_PATTERN.match(event.subject):
        raise Reject("the id of a user is a UUID")
    wishes.create_user(event.subject, payload, scope, event.source)


def _on_change_requested(event: Event, payload: Any, scope: AccountsScope) -> None:
    wishes.change_user(event.subject, payload, scope)


def _on_deletion_requested(event: Event, payload: Any, scope: AccountsScope) -> None:
    if payload.confirm != event.subject:
        raise Reject("a deletion names the user twice")
    wishes.delete_user(event.subject, event.sequence, scope)


def _on_erased(event: Event, payload: Any, scope: AccountsScope) -> None:
    deletion.hear_receipt(event.subject, payload.service, event.time, scope)


def _on_employee(event: Event, payload: Any, scope: AccountsScope) -> None:
    memberships.follow(event.subject, event.sequence, payload, scope)


HANDLERS: Final[Mapping[str, Handler]] = {
    **dict.fromkeys(EMPLOYEE_EVENTS, _on_employee),
    "user.requested": _on_user_requested,
    "user.change-requested": _on_change_requested,
    "user.deletion-requested": _on_deletion_requested,
    "user.erased": _on_erased,
}


def make_handler(runtime: Runtime, keys: Keys) -> Callable[[Event], None]:
    """What applies one message of accounts' queues."""

    def handle(event: Event) -> None:
        if event.type == "snapshot.requested":
            wish = payload_of(event)
            tell_all(runtime, wish, snapshot(runtime, keys, wish))
            return
        handler = HANDLERS.get(event.type)
        if handler is None:
            return
        handler(event, payload_of(event), _scope(event, runtime))

    return unless_deleted(handle, status_of(runtime))


def _scope(event: Event, runtime: Runtime) -> AccountsScope:
    return Scope(
        tenant_id=event.tenant_id,
        actor=Actor(event.actor, is_admin=True),
        store=store_of(runtime, event.tenant_id),
        now=clock.now(),
        correlation_id=event.correlation_id,
        request_id=event.request_id or event.id,
    )


def snapshot(runtime: Runtime, keys: Keys, wish: SnapshotWish) -> Iterator[Event]:
    """The state of all that accounts owns, marked as told again."""
    if not wish.subjects:
        told = keys.told("system:accounts")
        if told is not None:
            yield _again(told)
    for tenant in all_tenants(runtime.platform):
        if wish.tenant_id in (None, tenant.id):
            yield from _tenant_snapshot(runtime, tenant, wish)


def _tenant_snapshot(runtime: Runtime, tenant: Tenant, wish: SnapshotWish) -> Iterator[Event]:
    store = store_of(runtime, tenant.id)
    cause = Cause(SOURCE, tenant.id, "system:accounts", clock.now())
    if not wish.subjects:
        kind = "tenant.deleted" if tenant.status == "deleted" else "tenant.updated"
        yield _again(tenant_rules.told(tenant, kind, cause))
        for role in store.roles.told():
            yield _again(role_rules.told(role, cause))
    for user in store.users.each(wish.subjects):
        kind = "user.deleted" if user.status == "deleted" else "user.updated"
        yield _again(cause.event(kind, user.id, user.version, public_state(user)))


def _again(event: Event) -> Event:
    return replace(event, replay=True)

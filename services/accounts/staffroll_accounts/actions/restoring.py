"""Accounts whose database was put back to an earlier time (see `staffroll.restoring`)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final, cast

from staffroll import clock
from staffroll.ids import made_at
from staffroll.restoring import Known, Siblings, above, patiently
from staffroll_accounts.actions import AccountsScope
from staffroll_accounts.actions.deletion import erase
from staffroll_accounts.actions.users import count_if_admin
from staffroll_accounts.domain import deletion as deletion_rules
from staffroll_accounts.domain import restoring as rules
from staffroll_accounts.domain import roles as role_rules
from staffroll_accounts.domain import tenants as tenant_rules
from staffroll_accounts.domain.errors import EmailTaken
from staffroll_accounts.domain.roles import RoleDecision
from staffroll_accounts.domain.tenants import Status
from staffroll_accounts.domain.users import SOURCE, User

_TAKEN: Final = (
    *("first_name", "last_name", "email", "language", "time_zone"),
    *("roles", "is_admin", "status"),
)
"""What siblings know of a user, and accounts owns."""


@dataclass(frozen=True, slots=True)
class Restored:
    """What became of a tenant.

    Attributes:
        told: Users who are there, told again.
        taken_back: Those among them of whom siblings knew more.
        buried: Users who were deleted meanwhile.
        left: Ids of those whom siblings know and accounts could not take back.
    """

    status: Status
    told: int = 0
    taken_back: int = 0
    buried: int = 0
    left: tuple[str, ...] = ()


def restore_tenant(siblings: Siblings, scope: AccountsScope) -> Restored:
    """Tell the tenant, its roles and users again, above all that siblings have seen, with what
    they have heard meanwhile; bury who was deleted meanwhile.

    Raises:
        CouldNotAsk: A sibling gave no answer.
        Unavailable: Too much waits for the broker.
    """
    store = scope.store
    known = siblings.known(scope.tenant_id, dict(store.users.versions()))
    status = _tell_tenant(known, scope)
    if status == "deleted":
        return Restored(status)
    for role in list(store.roles.told()):
        if not role.is_deleted:
            raised = replace(role, version=above(role.version))
            event = role_rules.told(raised, _now(scope).cause(SOURCE))
            store.roles.save(RoleDecision(raised, (event,)), role, scope.now)
    store.users.drop_waiting()
    buried = sum(_bury(user_id, known, scope) for user_id in sorted(known.deleted))
    return _PuttingBack(siblings, known, scope).run(replace(Restored(status), buried=buried))


def _tell_tenant(known: Known, scope: AccountsScope) -> Status:
    tenant = scope.store.tenants.find()
    assert tenant is not None
    is_worse = known.tenant_status in ("suspended", "deleted")
    status = cast(Status, known.tenant_status) if is_worse else tenant.status
    decision = tenant_rules.restored(tenant, status, above(tenant.version), scope.cause(SOURCE))
    return scope.store.tenants.save(decision, tenant, scope.now).status


def _bury(user_id: str, known: Known, scope: AccountsScope) -> bool:
    """Whether there was something to bury."""
    store, now = scope.store, clock.now()
    user = store.users.find(user_id)
    if user is not None and user.status == "deleted":
        return False
    cause = _now(scope).cause(SOURCE)
    before = user or rules.buried(user_id, made_at(user_id) or now)
    seen = above(before.version, known.versions.get(user_id, 0))
    decision = deletion_rules.delete(replace(before, version=seen), cause)
    if user is None:
        patiently(lambda: store.tombstones.insert(decision, now))
    else:
        # Whoever deleted them had another admin, who is taken back too.
        patiently(lambda: store.tombstones.put(decision, before, now))
        store.tenants.forget_admin(user_id)
    erase(user_id, scope)
    return True


class _PuttingBack:
    """The users of one tenant, one after the other; whoever waits for an e-mail address that
    another still has comes after them."""

    def __init__(self, siblings: Siblings, known: Known, scope: AccountsScope) -> None:
        self._siblings = siblings
        self._known = known
        self._scope = scope
        self._store = scope.store
        self._roles = scope.store.roles.ids()
        self._told = self._taken_back = 0

    def run(self, outcome: Restored) -> Restored:
        here = {user.id for user in self._store.users.each() if user.status != "deleted"}
        elsewhere = self._known.versions.keys() - here - self._known.deleted
        waiting = sorted({*here, *elsewhere})
        while waiting:
            left = [user_id for user_id in waiting if not self._put_back(user_id)]
            if len(left) == len(waiting):
                break
            waiting = left
        for user_id in [one for one in waiting if one in here]:
            # Two have swapped addresses meanwhile: each keeps the one of then.
            self._put_back(user_id, but=("email",))
        lost = tuple(one for one in waiting if one not in here)
        return replace(outcome, told=self._told, taken_back=self._taken_back, left=lost)

    def _put_back(self, user_id: str, but: Iterable[str] = ()) -> bool:
        """Whether that could be: not while another has the e-mail address, or nobody knows more
        than the id."""
        try:
            return patiently(lambda: self._put(user_id, but))
        except EmailTaken:
            return False

    def _put(self, user_id: str, but: Iterable[str]) -> bool:
        user = self._store.users.find(user_id)
        seen = self._known.versions.get(user_id, 0)
        newer = self._newer(user_id) if user is None or seen > user.version else {}
        scope = _now(self._scope)
        cause = scope.cause(SOURCE)
        if user is None:
            if not newer:
                return False
            created_at = made_at(user_id) or scope.now
            decision = rules.taken_back(user_id, newer, created_at, above(seen), cause)
            self._store.users.insert(decision, scope.now)
        else:
            wanted = {name: value for name, value in newer.items() if name not in but}
            decision = rules.restored(user, wanted, above(user.version, seen), cause)
            self._store.users.save(decision, user, scope.now)
        self._told += 1
        self._taken_back += bool(newer)
        self._count(user, decision.user)
        return True

    def _newer(self, user_id: str) -> Mapping[str, Any]:
        copy = self._siblings.copy(self._scope.tenant_id, user_id)
        if copy is None:
            return {}
        known = {name: getattr(copy, name) for name in _TAKEN}
        return known | {"roles": tuple(sorted(self._roles.intersection(copy.roles)))}

    def _count(self, before: User | None, after: User) -> None:
        if after.is_admin and after.status == "active":
            count_if_admin(after.id, self._scope)
        elif before is not None and before.is_admin:
            self._store.tenants.forget_admin(after.id)


def _now(scope: AccountsScope) -> AccountsScope:
    return replace(scope, now=clock.now())

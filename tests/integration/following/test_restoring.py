"""R64: a following service after its database was put back to an earlier time."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from staffroll.bootstrap import tell_all
from staffroll.events import Event, payload_of
from staffroll.restoring import AHEAD, Known
from staffroll.user_copy import UserCopy
from tests.support.services import ServiceHere, TenantHere, a_tombstone, a_user, told
from tests.support.waiting import eventually


class Accounts:
    """Accounts as it is by now, and what it has seen of the service."""

    def __init__(self, tenant: TenantHere) -> None:
        self._tenant = tenant
        self.states: list[Event] = []
        self.seen: dict[str, int] = {}
        self.asked: list[Mapping[str, int]] = []

    def knows(self, id_: str, version: int, **changes: object) -> None:
        is_deleted = changes.get("status") == "deleted"
        state = a_tombstone() if is_deleted else a_user(**changes)
        kind = "user.deleted" if is_deleted else "user.updated"
        self.states.append(told(kind, id_, version, state, tenant_id=self._tenant.id, replay=True))

    def answer(self, event: Event) -> None:
        if event.type == "snapshot.requested" and event.subject == "accounts":
            tell_all(self._tenant.here.runtime, payload_of(event), self.states)

    def known(self, tenant_id: str, here: Mapping[str, int]) -> Known:
        if tenant_id != self._tenant.id:
            return Known()
        self.asked.append(here)
        return Known(self.seen)

    def copy(self, tenant_id: str, user_id: str) -> UserCopy | None:
        raise AssertionError("it is asked for all that it knows")


@pytest.fixture
def accounts(follower_here: ServiceHere, tenant: TenantHere) -> Accounts:
    found = Accounts(tenant)
    follower_here.accounts = found.answer
    return found


def restore(here: ServiceHere, accounts: Accounts) -> list[str]:
    return list(here.service.restore(here.runtime, accounts))


def test_r64_what_happened_meanwhile_is_heard_and_the_rest_told_above_what_was_seen(
    follower_here: ServiceHere, tenant: TenantHere, accounts: Accounts
) -> None:
    kept, gone, new = tenant.known(), tenant.known(), "0199a000-0000-7000-8000-0000000000f1"
    before = tenant.stored(kept)
    accounts.knows(kept, 9, last_name="Later")
    accounts.knows(gone, 4, status="deleted")
    accounts.knows(new, 2)
    accounts.seen = {kept: 40, new: 7}

    said = restore(follower_here, accounts)

    assert f"{tenant.id}: 3 told again, 1 are deleted" in said
    assert tenant.read(kept)["last_name"] == "Later"
    assert tenant.request("GET", f"/{gone}").status_code == 404
    assert tenant.stored(kept)["sequence"] == 40 + AHEAD
    assert tenant.stored(kept)["revision"] > before["revision"] + AHEAD
    assert tenant.stored(new)["sequence"] == 7 + AHEAD
    assert [kept in here and gone in here for here in accounts.asked] == [True]
    told_of = eventually(
        lambda: [one for one in list(follower_here.heard) if one.sequence == 40 + AHEAD]
    )
    assert [(one.subject, one.type.split(".")[1], one.replay) for one in told_of] == [
        (kept, "updated", False)
    ]


def test_r64_what_was_wished_then_is_wished_again(
    follower_here: ServiceHere, tenant: TenantHere, accounts: Accounts
) -> None:
    waiting, wish = tenant.pending()
    refused, _ = tenant.rejected()

    restore(follower_here, accounts)
    sending = follower_here.chore("sending unanswered wishes again")

    def said_again() -> Event | None:
        sending.run()
        said = [one for one in list(follower_here.heard) if one.type == "user.requested"]
        return next((one for one in said if payload_of(one).attempt > AHEAD), None)

    again = eventually(said_again)
    assert again
    assert again.subject == waiting
    assert again.request_id == wish.request_id
    assert payload_of(again).attempt == payload_of(wish).attempt + AHEAD
    assert tenant.read(refused)["state"] == "rejected"


def test_r64_once_more_is_harmless(
    follower_here: ServiceHere, tenant: TenantHere, accounts: Accounts
) -> None:
    kept = tenant.known()

    first = restore(follower_here, accounts)
    second = restore(follower_here, accounts)

    assert first[-1:] == second[-1:]
    assert tenant.stored(kept)["sequence"] == 1 + 2 * AHEAD

"""R96: accounts asks scheduling to end a staff membership, or to begin one."""

from __future__ import annotations

from staffroll import clock
from staffroll.events import MembershipChangeWish, payload_of
from staffroll.ids import new_id
from staffroll_scheduling.domain.membership import day_in
from tests.support.services import TenantHere, only

pytestmark = only("scheduling")


def wish(tenant: TenantHere, id_: str, number: int, *, active: bool) -> None:
    tenant.hear("membership.change-requested", id_, number, MembershipChangeWish(active=active))


def test_r96_a_membership_ends_today_and_a_new_one_begins(tenant: TenantHere) -> None:
    id_ = tenant.known()
    today = day_in("Europe/Berlin", clock.now())

    wish(tenant, id_, 1, active=False)
    wish(tenant, id_, 1, active=False)

    ended = payload_of(tenant.said(id_, "membership.ended"))
    assert (ended.status, ended.leave_date, ended.answered_wish) == ("not_employed", today, 1)
    wish(tenant, id_, 3, active=True)
    wish(tenant, id_, 2, active=False)
    started = payload_of(tenant.said(id_, "membership.started"))
    assert (started.status, started.join_date, started.answered_wish) == ("employed", today, 3)
    assert tenant.read(id_)["status"] == "employed"
    assert sum(event.type == "membership.ended" for event in tenant.here.heard) == 1


def test_r96_what_is_so_already_is_answered(tenant: TenantHere) -> None:
    id_ = tenant.known()

    wish(tenant, id_, 4, active=True)

    told = payload_of(tenant.said(id_, "employee.updated"))
    assert (told.status, told.answered_wish, told.changed) == ("employed", 4, ["answered_wish"])


def test_r96_about_somebody_unknown_the_wish_comes_again(tenant: TenantHere) -> None:
    id_ = new_id()

    wish(tenant, id_, 1, active=False)

    assert tenant.document(id_) is None

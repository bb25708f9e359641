"""R9: scheduling and people keep a trail of their own, in the same write as the change."""

from typing import Any

import pytest

from staffroll.mongo.audit_trail import AuditFilter, AuditTrail
from tests.support.services import TenantHere, a_tombstone, a_user, grant

OWN: dict[str, dict[str, Any]] = {
    "scheduling": {"personnel_number": "A 7"},
    "people": {"middle_name": "Lee"},
}
NOUN = {"scheduling": "employee", "people": "person"}


@pytest.fixture
def noun(tenant: TenantHere) -> str:
    return NOUN[tenant.here.service.name]


def noted(tenant: TenantHere, id_: str) -> list[tuple[str, str, list[str]]]:
    """Action, actor and changed fields of what was done to somebody, oldest first."""
    tenant.here.chore("writing the audit trail").run()
    trail = AuditTrail(tenant.here.runtime.tenant(tenant.id))
    lines = reversed(list(trail.find(AuditFilter(subject=id_))))
    return [(line["action"], line["actor"], line["changed"]) for line in lines]


def test_r9_the_entry_is_in_the_same_write_as_the_change(tenant: TenantHere, noun: str) -> None:
    id_, _ = tenant.pending()

    (entry,) = tenant.stored(id_)["audit"]

    assert (entry["action"], entry["actor"]) == (f"{noun}.requested", tenant.admin)
    assert entry["address"] == "127.0.0.1"
    assert "@" not in repr(entry)


def test_r9_creating_and_editing_are_noted_by_names_of_fields(
    tenant: TenantHere, noun: str
) -> None:
    own = OWN[tenant.here.service.name]
    id_, wish = tenant.pending()
    tenant.here.handle(grant(wish))

    tenant.change(id_, last_name="Tal", **own)

    found = noted(tenant, id_)
    assert [action for action, _, _ in found] == [
        f"{noun}.requested",
        f"{noun}.created",
        f"{noun}.updated",
        f"{noun}.change-requested",
    ]
    assert found[2:] == [
        (f"{noun}.updated", tenant.admin, list(own)),
        (f"{noun}.change-requested", tenant.admin, ["last_name"]),
    ]


def test_r9_discarding_is_noted_though_the_record_is_gone(tenant: TenantHere, noun: str) -> None:
    id_, _ = tenant.rejected()

    tenant.request("DELETE", f"/{id_}")

    assert tenant.document(id_) is None
    assert [action for action, _, _ in noted(tenant, id_)] == [
        f"{noun}.requested",
        f"{noun}.discarded",
    ]


def test_r9_a_deletion_is_noted_and_the_addresses_of_who_is_gone_are_erased(
    tenant: TenantHere, noun: str
) -> None:
    id_ = tenant.known(is_admin=True)
    other = tenant.known()
    own = OWN[tenant.here.service.name]
    tenant.request("PATCH", f"/{other}", json=own, as_=tenant.token(id_))
    assert noted(tenant, other)[-1] == (f"{noun}.updated", id_, list(own))

    tenant.hear("user.deleted", id_, 9, a_tombstone())

    assert noted(tenant, id_)[-1][0] == f"{noun}.deleted"
    trail = AuditTrail(tenant.here.runtime.tenant(tenant.id))
    theirs = list(trail.find(AuditFilter(actor=id_)))
    assert theirs
    assert not any("personal" in line for line in theirs)
    assert trail.verify().broken is None


def test_news_that_change_nothing_here_leave_no_entry(tenant: TenantHere) -> None:
    id_ = tenant.known()
    before = noted(tenant, id_)

    tenant.hear("user.created", id_, 1, a_user())

    assert noted(tenant, id_) == before

"""What scheduling and people make of accounts' events, on a real database (F7, R2, R61)."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from staffroll.bus.applying import Reject
from staffroll.events import Event, RequestRejected, SnapshotWish, payload_of
from staffroll.ids import new_id
from tests.support.services import TenantHere, a_tombstone, a_user, told

CREATED = {"scheduling": "employee.created", "people": "person.updated"}
UPDATED = {"scheduling": "employee.updated", "people": "person.updated"}


def test_r2_a_user_who_is_new_appears_by_itself_and_is_told(tenant: TenantHere) -> None:
    id_ = tenant.known(last_name="Müller", first_name="Ada")

    shown = tenant.read(id_)
    assert (shown["state"], shown["last_name"], shown["first_name"]) == (
        "confirmed",
        "Müller",
        "Ada",
    )
    event = tenant.said(id_, CREATED[tenant.here.service.name])
    assert (event.sequence, event.source) == (1, tenant.here.service.name)


def test_a_changed_copy_is_not_told_again(tenant: TenantHere) -> None:
    id_ = tenant.known()

    tenant.hear("user.updated", id_, 2, a_user(last_name="Tal"))

    assert tenant.read(id_)["last_name"] == "Tal"
    assert tenant.stored(id_)["sequence"] == 1


def test_r61_a_deleted_one_leaves_nothing_personal_and_a_receipt(tenant: TenantHere) -> None:
    id_ = tenant.known(last_name="Secretname", email="secret@example.org")
    tenant.change(id_, email="other.secret@example.org")

    tenant.hear("user.deleted", id_, 7, a_tombstone())
    tenant.finish_erasing()

    erased = tenant.said(id_, "user.erased")
    assert (erased.sequence, payload_of(erased).service) == (7, tenant.here.service.name)
    assert tenant.request("GET", f"/{id_}").status_code == 404
    document = {**tenant.stored(id_), "outbox": []}
    assert "secret" not in repr(document).lower()
    assert not {"sort", "grams", "haystack", "once", "due_at"} & document.keys()
    assert "secret" not in tenant.request("GET").text.lower()


def test_r61_nothing_brings_a_deleted_one_back(tenant: TenantHere) -> None:
    id_ = tenant.known()
    tenant.hear("user.deleted", id_, 7, a_tombstone())

    tenant.hear("user.updated", id_, 6, a_user())
    tenant.hear("user.updated", id_, 8, a_user())

    assert tenant.request("GET", f"/{id_}").status_code == 404


def test_r1_news_under_the_id_of_another_tenants_human_is_refused_for_good(
    tenant: TenantHere,
) -> None:
    stranger = tenant.here.new_tenant()
    id_ = tenant.known(last_name="Ours")

    with pytest.raises(Reject):
        stranger.hear("user.created", id_, 1, a_user(last_name="Theirs"))

    assert tenant.read(id_)["last_name"] == "Ours"
    assert stranger.request("GET", f"/{id_}").status_code == 404


def test_r62_the_receipt_is_given_again_to_who_asks_again(tenant: TenantHere) -> None:
    id_ = tenant.known()
    tenant.hear("user.deleted", id_, 7, a_tombstone())
    tenant.finish_erasing()

    tenant.hear("user.deleted", id_, 7, a_tombstone(), replay=True)
    tenant.finish_erasing()

    assert tenant.said(id_, "user.erased", nth=1).sequence == 7


def test_a_request_somebody_else_made_is_none_of_ours(tenant: TenantHere) -> None:
    id_ = tenant.known()
    rejection = RequestRejected(attempt=1, code="email_taken", detail="It is taken.")

    for subject in (id_, new_id()):
        event = told(
            "request.rejected", subject, 1, rejection, tenant_id=tenant.id, request_id=new_id()
        )
        tenant.here.handle(event)

    assert tenant.read(id_)["state"] == "confirmed"


def test_f14_types_that_nobody_here_knows_are_ignored(tenant: TenantHere) -> None:
    id_ = new_id()

    tenant.here.handle(Event("user.dreamt", "accounts", tenant.id, id_, 1, {}))
    tenant.here.handle(Event("user.erased", "people", tenant.id, id_, 1, {"service": "people"}))

    assert tenant.document(id_) is None


def test_bus_5_many_threads_with_news_of_one_user_end_with_the_newest(tenant: TenantHere) -> None:
    id_ = new_id()
    news = [a_user(last_name=f"Name {number}") for number in range(1, 25)]

    with ThreadPoolExecutor(8) as pool:
        for version, user in enumerate(news, 1):
            pool.submit(tenant.hear, "user.updated", id_, version, user)

    assert tenant.read(id_)["last_name"] == "Name 24"
    assert tenant.stored(id_)["sequence"] == 1


_STATES = st.lists(
    st.builds(
        a_user,
        status=st.sampled_from(["active", "active", "deactivated"]),
        last_name=st.sampled_from(["Berg", "Tal", "Au"]),
        email=st.just("bo@example.org"),
        time_zone=st.sampled_from(["Europe/Berlin", "Pacific/Kiritimati", "America/Lima"]),
        token_generation=st.integers(1, 3),
    ),
    min_size=1,
    max_size=5,
)


@settings(
    max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(states=_STATES, is_deleted=st.booleans(), data=st.data())
def test_f7_events_shuffled_and_doubled_end_as_in_order(
    tenant: TenantHere, states: list[Any], is_deleted: bool, data: st.DataObject
) -> None:
    history = list(enumerate(states, 1))
    if is_deleted:
        history.append((len(history) + 1, a_tombstone()))
    extra = data.draw(st.lists(st.sampled_from(history), max_size=4))
    shuffled = data.draw(st.permutations([*history, *extra]))
    ends = []

    for order in (history, shuffled):
        id_ = new_id()
        for version, user in order:
            kind = "user.deleted" if user.status == "deleted" else "user.updated"
            tenant.hear(kind, id_, version, user)
        ends.append(_without_counters(tenant.stored(id_)))

    assert ends[0] == ends[1]


def _without_counters(document: dict[str, Any]) -> dict[str, Any]:
    """The state alone: not how often it was written and what of it waits to be sent."""
    passing = ("_id", "revision", "sequence", "outbox", "audit", "erasing_since")
    kept = {name: value for name, value in document.items() if name not in passing}
    # Made from the id, which is another one in each of the two histories; and when they were
    # active, which is as it was known at the deletion.
    made = ("personnel_number", "counted")
    kept["own"] = {k: v for k, v in document["own"].items() if k not in made}
    return kept


def test_r13_the_list_is_in_order_and_searched_like_all_lists(tenant: TenantHere) -> None:
    for last, first in (("Özil", "B"), ("Ozil", "A"), ("Müller", "Ann"), ("Zorn", "C")):
        tenant.known(last_name=last, first_name=first)
    tenant.rejected(last_name="Mueller")

    first = tenant.request("GET", query_string={"q": "mueller, ozil", "limit": 3}).json
    rest = tenant.request(
        "GET", query_string={"q": "mueller, ozil", "limit": 3, "cursor": first["next_cursor"]}
    ).json
    refused = tenant.request("GET", query_string={"state": "rejected"}).json

    names = [(one["last_name"], one["first_name"]) for one in [*first["items"], *rest["items"]]]
    assert names == [("Mueller", ""), ("Müller", "Ann"), ("Ozil", "A"), ("Özil", "B")]
    assert (first["total"], rest["next_cursor"]) == (4, None)
    assert [one["state"] for one in refused["items"]] == ["rejected"]


def test_the_digest_knows_both_sequences(tenant: TenantHere) -> None:
    id_, _ = tenant.known(), tenant.pending()
    tenant.hear("user.updated", id_, 5, a_user())
    service = tenant.here.service.name

    def items(owner: str) -> Any:
        path = f"/v1/digest/{id_[-2:]}"
        answer = tenant.here.client.get(path, query_string={"owner": owner}, headers=tenant.token())
        return answer.json["items"][id_]

    assert (items("accounts"), items(service)) == (5, 1)
    whole = tenant.here.client.get(
        "/v1/digest", query_string={"owner": "accounts"}, headers=tenant.token()
    )
    counted = sum(bucket["count"] for bucket in whole.json["buckets"].values())
    assert counted == 2


def test_bus_6_who_asks_is_told_everything_that_was_ever_told(tenant: TenantHere) -> None:
    known, gone, (pending, _) = tenant.known(), tenant.known(), tenant.pending()
    tenant.hear("user.deleted", gone, 2, a_tombstone())
    wish = SnapshotWish(queue="test.heard", tenant_id=tenant.id)
    service = tenant.here.service.name

    tenant.here.handle(told("snapshot.requested", service, 0, wish, tenant_id=tenant.id))

    done = tenant.said(service, "snapshot.done")
    replayed = {
        event.subject: payload_of(event).status
        for event in tenant.here.heard
        if event.replay and event.tenant_id == tenant.id
    }
    assert replayed.keys() == {known, gone, tenant.admin}
    assert replayed[gone] == "deleted"
    assert (done.sequence, pending in replayed) == (3, False)
    assert {event.type for event in tenant.here.heard if event.replay} == {UPDATED[service]}

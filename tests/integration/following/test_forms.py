"""F14: two versions of one service on the same documents, and documents that change their form.

The app in this process is the version of today. The version after keeps a list of phones beside
the one business phone, and reads only the list.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from staffroll import clock
from staffroll.doctor import services as doctor
from staffroll.mongo import Document, ensure_indexes
from staffroll.mongo.forms import Forms
from staffroll.mongo.records import FollowedStore, FollowingStore
from staffroll.records import Decision, Record
from staffroll_people.domain.profiles import Profile
from staffroll_people.store.persons import FORM, from_document, to_document
from tests.support.services import TenantHere, only

pytestmark = only("people")

PHONE, OTHER_PHONE = "+4930901820", "+498923300"


def _with_phones(document: Document) -> Document:
    own = document["own"]
    return {**document, "own": {**own, "phones": [{"number": own["business_phone"]}]}}


def _new_to_document(own: Profile) -> Document:
    return {**to_document(own), "phones": [{"number": own.business_phone}]}


def _new_from_document(document: Document) -> Profile:
    return replace(from_document(document), business_phone=document["phones"][0]["number"])


NEW = replace(
    FORM,
    upgrades=(_with_phones,),
    to_document=_new_to_document,
    from_document=_new_from_document,
)


@pytest.fixture
def newer(tenant: TenantHere) -> Iterator[FollowedStore[Profile]]:
    """The tenant's records as the version after keeps them."""
    runtime = tenant.here.runtime
    ensure_indexes(runtime.platform.database, NEW.forms.indexes)
    yield FollowingStore(runtime.tenant(tenant.id), runtime.outbox, NEW).records
    tenant.here.records.delete_many({})


def _someone(tenant: TenantHere, **fields: Any) -> str:
    id_ = tenant.known()
    assert tenant.change(id_, business_phone=PHONE, **fields).status_code == 200
    return id_


def _retitle(store: FollowedStore[Profile], id_: str, title: str) -> Record[Profile]:
    before = store.get(id_)
    own = replace(before.own, title=title)
    after = replace(before, own=own, revision=before.revision + 1)
    return store.save(before, Decision(after), clock.now())


def _mark(tenant: TenantHere, id_: str, **fields: Any) -> None:
    tenant.here.records.update_one({"tenant_id": tenant.id, "_id": id_}, {"$set": fields})


def test_f14_documents_of_the_old_form_are_read_and_written_by_the_new_version(
    tenant: TenantHere, newer: FollowedStore[Profile]
) -> None:
    id_ = _someone(tenant)
    assert newer.get(id_).own.business_phone == PHONE

    _retitle(newer, id_, "Dr.")

    stored = tenant.stored(id_)
    assert (stored["schema"], stored["own"]["phones"]) == (2, [{"number": PHONE}])
    assert tenant.read(id_)["title"] == "Dr."


def test_f14_what_the_old_version_writes_later_counts_for_the_new_one(
    tenant: TenantHere, newer: FollowedStore[Profile]
) -> None:
    id_ = _someone(tenant)
    _retitle(newer, id_, "Dr.")

    assert tenant.change(id_, business_phone=OTHER_PHONE).status_code == 200

    assert tenant.stored(id_)["schema"] == 1
    assert newer.get(id_).own.business_phone == OTHER_PHONE
    assert newer.get(id_).own.title == "Dr."


def test_f14_what_a_newer_version_keeps_survives_a_write_of_an_older_one(
    tenant: TenantHere,
) -> None:
    id_ = _someone(tenant)
    news = {"own.pronouns": "they", "badge": 7, "user.shoe_size": 38, "schema": 9}
    _mark(tenant, id_, **news)

    assert tenant.change(id_, title="Dr.").status_code == 200

    stored = tenant.stored(id_)
    assert (stored["own"]["title"], stored["own"]["pronouns"], stored["badge"]) == (
        "Dr.",
        "they",
        7,
    )
    assert tenant.read(id_)["title"] == "Dr."


def test_old_documents_are_brought_up_while_others_write_and_wherever_it_was_cut_off(
    tenant: TenantHere, newer: FollowedStore[Profile]
) -> None:
    ids = [_someone(tenant) for _ in range(5)]
    platform = tenant.here.runtime.platform
    assert NEW.forms.count_old(platform) == tenant.here.records.count_documents({})
    assert doctor.forms("people", platform.database, [NEW.forms]).level == "warning"

    assert NEW.forms.bringing_up(platform, at_once=2).run() == 2
    assert tenant.change(ids[0], business_phone=OTHER_PHONE).status_code == 200
    rounds = NEW.forms.bringing_up(platform, at_once=2)
    while rounds.run():
        pass

    assert NEW.forms.count_old(platform) == 0
    assert doctor.forms("people", platform.database, [NEW.forms]).level == "well"
    phones = [tenant.stored(id_)["own"]["phones"][0]["number"] for id_ in ids]
    assert phones == [OTHER_PHONE, *[PHONE] * 4]
    before = [tenant.stored(id_) for id_ in ids]
    assert NEW.forms.bringing_up(platform).run() == 0
    assert [tenant.stored(id_) for id_ in ids] == before


def test_a_change_that_falls_between_looking_and_rewriting_is_not_lost(
    tenant: TenantHere, newer: FollowedStore[Profile]
) -> None:
    id_ = _someone(tenant)
    seen = tenant.stored(id_)
    collection = tenant.here.runtime.tenant(tenant.id)["people"]

    assert tenant.change(id_, business_phone=OTHER_PHONE).status_code == 200

    assert not NEW.forms.bring_up(collection, seen)
    assert newer.get(id_).own.business_phone == OTHER_PHONE


def test_one_that_cannot_be_brought_up_stops_no_other(
    tenant: TenantHere, newer: FollowedStore[Profile]
) -> None:
    broken, *others = [_someone(tenant) for _ in range(3)]

    def fails_on_one(document: Document) -> Document:
        if document["_id"] == broken:
            raise KeyError
        return _with_phones(document)

    forms = Forms("people", [fails_on_one])
    rounds = forms.bringing_up(tenant.here.runtime.platform, at_once=2)
    while rounds.run():
        pass

    assert {tenant.stored(id_)["schema"] for id_ in others} == {2}
    assert tenant.stored(broken)["schema"] == 1

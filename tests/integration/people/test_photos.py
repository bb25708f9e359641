"""``/v1/people/{id}/photo`` (R85)."""

from __future__ import annotations

import io
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from typing import Any

import pytest
from PIL import Image
from pymongo.errors import DuplicateKeyError
from werkzeug.test import TestResponse

from staffroll import clock
from staffroll.audit import noted
from staffroll.events import Cause
from staffroll.ids import new_id
from staffroll_people.actions.photos import IN_LINE, in_line
from staffroll_people.domain.photos import SENT_MAX_BYTES
from staffroll_people.store.photos import Photos, erase_photo
from tests.support.services import TenantHere, a_tombstone, body_of, only
from tests.unit.people import pictures
from tests.unit.people.pictures import a_picture

pytestmark = only("people")

EDITOR = ["people.profile:read", "people.profile:edit"]


def put(
    tenant: TenantHere,
    id_: str,
    data: bytes,
    media_type: str | None = "image/jpeg",
    **options: Any,
) -> TestResponse:
    return tenant.request("PUT", f"/{id_}/photo", data=data, content_type=media_type, **options)


def get(tenant: TenantHere, id_: str, **options: Any) -> TestResponse:
    return tenant.request("GET", f"/{id_}/photo", **options)


def photos(tenant: TenantHere) -> Iterator[dict[str, Any]]:
    return tenant.here.runtime.platform["photos"].find({"tenant_id": tenant.id})


def test_r85_a_photo_is_kept_and_read(tenant: TenantHere) -> None:
    id_ = tenant.known()

    sent = put(tenant, id_, a_picture("PNG", (2000, 1000)), "image/png")

    response = get(tenant, id_)
    assert (sent.status_code, response.status_code) == (204, 200)
    assert response.headers["Content-Type"] == "image/jpeg"
    assert response.headers["Cache-Control"] == "private, no-cache"
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert response.headers["ETag"] == sent.headers["ETag"]
    assert Image.open(io.BytesIO(response.data)).size == (1024, 512)


def test_r85_what_was_not_changed_is_not_sent_again(tenant: TenantHere) -> None:
    id_ = tenant.known()
    put(tenant, id_, a_picture())
    etag = get(tenant, id_).headers["ETag"]

    again = get(tenant, id_, headers={"If-None-Match": etag})
    put(tenant, id_, a_picture(color=(0, 0, 255)))
    changed = get(tenant, id_, headers={"If-None-Match": etag})

    assert (again.status_code, again.data) == (304, b"")
    assert changed.status_code == 200


def test_r85_the_place_where_it_was_taken_is_not_kept(tenant: TenantHere) -> None:
    id_ = tenant.known()

    put(tenant, id_, pictures.with_exif())

    assert b"Secret" not in get(tenant, id_).data
    (kept,) = photos(tenant)
    assert b"Exif" not in kept["data"]


def test_r85_a_deleted_photo_is_gone_and_its_version_does_not_come_back(
    tenant: TenantHere,
) -> None:
    id_ = tenant.known()
    first = put(tenant, id_, a_picture()).headers["ETag"]

    deleted = tenant.request("DELETE", f"/{id_}/photo")
    again = tenant.request("DELETE", f"/{id_}/photo")
    second = put(tenant, id_, a_picture()).headers["ETag"]

    assert (deleted.status_code, again.status_code) == (204, 404)
    assert first != second


def test_r85_without_a_photo_there_is_nothing(tenant: TenantHere) -> None:
    assert get(tenant, tenant.known()).status_code == 404


def test_r15_a_photo_that_was_replaced_meanwhile_is_not_replaced_again(
    tenant: TenantHere,
) -> None:
    id_ = tenant.known()
    seen = put(tenant, id_, a_picture()).headers["ETag"]
    put(tenant, id_, a_picture(color=(0, 0, 255)))

    replacing = put(tenant, id_, a_picture(), headers={"If-Match": seen})
    deleting = tenant.request("DELETE", f"/{id_}/photo", headers={"If-Match": seen})

    assert (replacing.status_code, deleting.status_code) == (412, 412)
    newest = get(tenant, id_).headers["ETag"]
    assert put(tenant, id_, a_picture(), headers={"If-Match": newest}).status_code == 204


@pytest.mark.parametrize(
    "data, media_type, status, code",
    [
        (b"<svg/>", "image/svg+xml", 415, "wrong_content_type"),
        (a_picture("GIF", mode="P", color=0), "image/gif", 415, "wrong_content_type"),
        (a_picture(), "application/octet-stream", 415, "wrong_content_type"),
        (a_picture(), None, 415, "wrong_content_type"),
        (b"{}", "application/json", 415, "wrong_content_type"),
        (b"", "image/png", 400, "photo_unreadable"),
        (b"<svg/>", "image/png", 400, "photo_unreadable"),
        (a_picture()[:300], "image/jpeg", 400, "photo_unreadable"),
        (pictures.a_png_bomb(40_000, 40_000), "image/png", 422, "photo_too_large"),
        (pictures.an_animation("PNG"), "image/png", 422, "photo_animated"),
        (pictures.an_animation("WEBP"), "image/webp", 422, "photo_animated"),
        (b"\xff" * (SENT_MAX_BYTES + 1), "image/jpeg", 413, "body_too_large"),
    ],
)
def test_r85_bad_photos_are_refused_and_the_one_before_stays(
    tenant: TenantHere, data: bytes, media_type: str | None, status: int, code: str
) -> None:
    id_ = tenant.known()
    before = put(tenant, id_, a_picture()).headers["ETag"]

    response = put(tenant, id_, data, media_type)

    assert (response.status_code, body_of(response)["code"]) == (status, code)
    assert get(tenant, id_).headers["ETag"] == before


def test_r85_a_photo_may_be_larger_than_other_bodies(tenant: TenantHere) -> None:
    noise = io.BytesIO()
    Image.effect_noise((1900, 1900), 90).save(noise, "PNG")
    assert 2_000_000 < len(noise.getvalue()) < SENT_MAX_BYTES

    assert put(tenant, tenant.known(), noise.getvalue(), "image/png").status_code == 204
    assert tenant.create(title="x" * 2_000_000).status_code == 413


def test_r6_who_is_not_confirmed_gets_no_photo(tenant: TenantHere) -> None:
    id_, _ = tenant.pending()

    assert put(tenant, id_, a_picture()).status_code == 409
    assert list(photos(tenant)) == []


def test_r85_photos_need_the_permissions_of_profiles(tenant: TenantHere) -> None:
    id_ = tenant.known()
    put(tenant, id_, a_picture())
    reader = tenant.token(tenant.known(), permissions=EDITOR[:1])
    stranger = tenant.token(tenant.known(), permissions=[])

    assert get(tenant, id_, as_=reader).status_code == 200
    assert get(tenant, id_, as_=stranger).status_code == 403
    for as_ in (reader, stranger):
        assert put(tenant, id_, a_picture(), as_=as_).status_code == 403
        assert tenant.request("DELETE", f"/{id_}/photo", as_=as_).status_code == 403


def test_r1_another_tenant_s_photos_are_not_there(tenant: TenantHere) -> None:
    id_, other = tenant.known(), tenant.here.new_tenant()
    put(tenant, id_, a_picture())

    assert get(other, id_).status_code == 404
    assert put(other, id_, a_picture()).status_code == 404
    assert other.request("DELETE", f"/{id_}/photo").status_code == 404
    assert list(photos(other)) == []


def test_r9_photos_are_noted_in_the_audit_trail(tenant: TenantHere) -> None:
    id_ = tenant.known()
    put(tenant, id_, a_picture())
    tenant.request("DELETE", f"/{id_}/photo")

    tenant.here.chore("writing the audit trail").run()

    answer = tenant.here.client.get(
        "/v1/audit", query_string={"subject": id_}, headers=tenant.token()
    )
    lines = [(line["action"], line["changed"]) for line in body_of(answer)["items"]]
    assert lines[:2] == [("person.updated", ["photo"])] * 2


def test_r85_only_some_photos_wait_for_their_turn_so_that_others_are_served(
    tenant: TenantHere,
) -> None:
    id_ = tenant.known()

    with ExitStack() as waiting:
        for _ in range(IN_LINE):
            waiting.callback(in_line.release)
            in_line.acquire()
        refused = put(tenant, id_, a_picture())

    assert (refused.status_code, body_of(refused)["code"]) == (503, "unavailable")
    assert put(tenant, id_, a_picture()).status_code == 204


def test_r62_a_photo_is_erased_with_the_person_before_the_receipt(tenant: TenantHere) -> None:
    id_ = tenant.known()
    put(tenant, id_, a_picture())

    tenant.hear("user.deleted", id_, 2, a_tombstone())

    tenant.finish_erasing()
    tenant.said(id_, "user.erased")
    (left,) = photos(tenant)
    assert "data" not in left
    assert get(tenant, id_).status_code == 404


def test_r62_an_upload_that_comes_too_late_leaves_nothing(tenant: TenantHere) -> None:
    id_ = tenant.known()
    erase_photo(tenant.here.runtime.tenant(tenant.id), id_)  # as between the two writes

    late = put(tenant, id_, a_picture())

    assert late.status_code == 404
    (left,) = photos(tenant)
    assert "data" not in left


def test_r85_of_first_photos_at_the_same_moment_each_is_kept(
    tenant: TenantHere, monkeypatch: pytest.MonkeyPatch
) -> None:
    database = tenant.here.runtime.tenant(tenant.id)
    entry = noted(Cause("people", tenant.id, "system:test", clock.now()), "photo.changed", "x")
    mine, theirs, id_ = Photos(database), Photos(database), new_id()
    update = mine._photos.find_one_and_update
    tries: list[bool] = []

    def update_beside(*args: Any, upsert: bool, **kwargs: Any) -> Any:
        tries.append(upsert)
        if len(tries) == 1:
            # As MongoDB does with two upserts that both found nothing to change.
            theirs.put(id_, b"theirs", entry, expected=None)
            raise DuplicateKeyError("_id")
        return update(*args, upsert=upsert, **kwargs)

    monkeypatch.setattr(mine._photos, "find_one_and_update", update_beside)

    assert mine.put(id_, b"mine", entry, expected=None) == 2
    assert (theirs.get(id_).data, tries) == (b"mine", [True, False])


def test_r62_of_uploads_beside_an_erasure_none_is_left(tenant: TenantHere) -> None:
    id_, picture = tenant.known(), a_picture()
    database = tenant.here.runtime.tenant(tenant.id)

    with ThreadPoolExecutor(4) as pool:
        uploads = [pool.submit(put, tenant, id_, picture) for _ in range(12)]
        pool.submit(erase_photo, database, id_).result()
        statuses = {upload.result().status_code for upload in uploads}

    assert statuses <= {204, 404}
    (left,) = photos(tenant)
    assert "data" not in left

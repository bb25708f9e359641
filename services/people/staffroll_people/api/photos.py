"""``/v1/people/{id}/photo``."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from flask import Response, request

from staffroll.errors import NotFound, Unavailable
from staffroll.followed import NotConfirmed
from staffroll.web.resource import Resource, View
from staffroll_people.actions import PeopleScope
from staffroll_people.actions import photos as actions
from staffroll_people.domain.photos import (
    FORMATS,
    MEDIA_TYPE,
    SENT_MAX_BYTES,
    PhotoAnimated,
    PhotoTooLarge,
    PhotoUnreadable,
)

_PATH: Final = "/people/<id:person_id>/photo"
_ETAG: Final = {"ETag": {"description": "The photo's version.", "schema": {"type": "string"}}}


def photos() -> Resource:
    """The routes of photos."""
    bp = Resource("photos", __name__, description="One photo for each person.")

    @bp.put(_PATH)
    @bp.needs("people.profile:edit")
    @bp.expects_version()
    @bp.takes_file(list(FORMATS), SENT_MAX_BYTES)
    @bp.answers(
        None,
        204,
        refuses=[
            *(NotFound, NotConfirmed, PhotoUnreadable, PhotoAnimated, PhotoTooLarge, Unavailable),
        ],
    )
    def put_photo(
        person_id: str,
        scope: PeopleScope,
        expected: int | None,
        sent: Callable[[], tuple[str, bytes]],
    ) -> Response:
        """Send a photo of at most 5 MiB and 25 million pixels.

        It is kept as a JPEG of at most 1024 pixels on each side, without metadata.
        """
        response = Response(status=204)
        response.set_etag(str(actions.put(person_id, sent, scope, expected=expected)))
        return response

    @bp.get(_PATH)
    @bp.needs("people.profile:read")
    @_answers_photo(bp)
    @bp.answers(None, refuses=[NotFound, NotConfirmed])
    def get_photo(person_id: str, scope: PeopleScope) -> Response:
        """Read the photo."""
        photo = actions.get(person_id, scope)
        response = Response(photo.data, mimetype=photo.media_type)
        response.headers["Cache-Control"] = "private, no-cache"
        response.set_etag(str(photo.version))
        response.make_conditional(request)
        return response

    @bp.delete(_PATH)
    @bp.needs("people.profile:edit")
    @bp.expects_version()
    @bp.answers(None, 204, refuses=[NotFound, NotConfirmed])
    def delete_photo(person_id: str, scope: PeopleScope, expected: int | None) -> None:
        """Delete the photo."""
        actions.delete(person_id, scope, expected=expected)

    return bp


def _answers_photo(bp: Resource) -> Callable[[View], View]:
    def decorate(view: View) -> View:
        unchanged = bp.alt_response(304, description="Not modified.")(view)
        documented: View = bp.alt_response(
            200,
            schema={"type": "string", "format": "binary"},
            content_type=MEDIA_TYPE,
            description="The photo.",
            headers=_ETAG,
        )(unchanged)
        return documented

    return decorate

"""The photo of a person: shown, sent, removed."""

from __future__ import annotations

from typing import Final

from flask import Response, request
from wtforms import FileField

from staffroll.errors import FieldError, Invalid
from staffroll.web.pages import Form, PageGroup, gettext, go, lazy_gettext, notice, page
from staffroll_people.actions import PeopleScope
from staffroll_people.actions import photos as actions
from staffroll_people.actions.persons import PersonActions
from staffroll_people.domain.photos import FORMATS, SENT_MAX_BYTES
from staffroll_people.pages.people import EDIT, READ

_READ_MAX_BYTES: Final = 4 * SENT_MAX_BYTES
"""So that a photo that is too large is told so in the form."""

_MIB: Final = 1024 * 1024


class PhotoForm(Form):
    photo = FileField(lazy_gettext("Photo"))

    def sent(self) -> tuple[str, bytes]:
        """The file's type as the browser says it, and its bytes.

        Raises:
            Invalid: No file was chosen, of another type, or too large.
        """
        file = request.files.get("photo")
        if file is None or not file.filename:
            raise _wrong(FieldError("required", "Choose a file."))
        if file.mimetype not in FORMATS:
            raise _wrong(FieldError("photo_type", "Choose a JPEG, PNG or WebP file."))
        data = file.read(SENT_MAX_BYTES + 1)
        if len(data) > SENT_MAX_BYTES:
            most = {"max": SENT_MAX_BYTES // _MIB}
            raise _wrong(FieldError("too_large", "The file has more than {max} MiB.", most))
        return file.mimetype, data


def photos(persons: PersonActions) -> PageGroup:
    """The pages of photos."""
    bp = PageGroup("photo_pages", __name__)

    @bp.get("/people/<id:person_id>/photo.jpg")
    @bp.needs(READ)
    def show(person_id: str, scope: PeopleScope) -> Response:
        photo = actions.get(person_id, scope)
        return Response(photo.data, mimetype=photo.media_type)

    @bp.form("/people/<id:person_id>/photo")
    @bp.needs(EDIT, shows=READ)
    def change(person_id: str, scope: PeopleScope) -> Response:
        request.max_content_length = _READ_MAX_BYTES
        record = persons.get(person_id, scope)
        form = PhotoForm()
        if form.is_good():
            with form.refusals():
                actions.put(person_id, form.sent, scope, expected=None)
                notice(gettext("Saved."))
                return go("people_pages.show", person_id=person_id)
        photo = actions.version(person_id, scope)
        return page("people/photo.html", form.status, person=record, form=form, photo=photo)

    @bp.does("/people/<id:person_id>/photo/remove")
    @bp.needs(EDIT)
    def remove(person_id: str, scope: PeopleScope) -> Response:
        """Forget the photo that was seen."""
        actions.delete(person_id, scope, expected=request.form.get("seen", type=int))
        notice(gettext("The photo is removed."))
        return go("people_pages.show", person_id=person_id)

    return bp


def _wrong(problem: FieldError) -> Invalid:
    return Invalid(errors={"photo": [problem]})

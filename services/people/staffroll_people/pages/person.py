"""The page of one person, which several modules show: each with the form that it answers."""

from __future__ import annotations

from flask import Response

from staffroll.records import Record
from staffroll.web.pages import page, refused
from staffroll.web.pages.followed import DeleteForm, sync_of
from staffroll_people.actions import PeopleScope, photos
from staffroll_people.actions.persons import READ_SENSITIVE, seen
from staffroll_people.domain.contact import readable_phone
from staffroll_people.domain.profiles import Profile
from staffroll_people.pages.countries import address_lines


def show_person(
    record: Record[Profile],
    scope: PeopleScope,
    status: int = 200,
    *,
    delete_form: DeleteForm | None = None,
    window: str = "",
) -> Response:
    """The page, without what is sensitive where the reader may not see it.

    Args:
        window: The one that is open.
    """
    return page(
        "people/show.html",
        status,
        person=seen(record, scope),
        sees_sensitive=scope.actor.may(READ_SENSITIVE),
        photo=photos.version(record.id, scope),
        sync=sync_of(record.followed),
        delete_form=delete_form or DeleteForm(record.followed.user, sent=False),
        window=window,
        why=refused.why,
        address_lines=address_lines,
        phone=readable_phone,
    )

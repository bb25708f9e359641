"""People: the list, creating, one person, deleting."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from flask import Response, request
from wtforms import HiddenField, StringField
from wtforms.validators import Optional

from staffroll.errors import StaffrollError, Stale
from staffroll.mongo.records import RecordPage
from staffroll.records import Record
from staffroll.search import parse_terms
from staffroll.web.followed import RecordQuerySchema
from staffroll.web.lists import Position
from staffroll.web.pages import (
    Listing,
    PageGroup,
    gettext,
    go,
    lazy_gettext,
    notice,
    page,
    refused,
)
from staffroll.web.pages.followed import (
    WAIT_SECONDS,
    DeleteForm,
    HumanForm,
    delete,
    listed_name,
    say_of_creation,
    sync_of,
)
from staffroll.web.records import DELETE
from staffroll_people.actions import PeopleScope
from staffroll_people.actions.persons import PersonActions
from staffroll_people.api.persons import NewPersonSchema, PersonChangesSchema
from staffroll_people.domain.contact import readable_phone
from staffroll_people.domain.profiles import Profile
from staffroll_people.pages.person import show_person

READ: Final = "people.profile:read"
EDIT: Final = "people.profile:edit"

_OF_USER: Final = ("last_name", "first_name", "email", "language", "time_zone")
_OWN: Final = ("title", "middle_name", "business_phone")


class _PersonForm(HumanForm):
    title = StringField(lazy_gettext("Title"), validators=[Optional()])
    middle_name = StringField(lazy_gettext("Middle name"), validators=[Optional()])
    business_phone = StringField(lazy_gettext("Business phone"), validators=[Optional()])


class CorrectionForm(_PersonForm):
    """What accounts refused, to be corrected and sent again (R6).

    Attributes:
        seen: The version that its reader saw.
    """

    seen = HiddenField()

    def values(self) -> dict[str, Any]:
        """In the names of the API; what was left out at creation may stay so."""
        chosen = ("language", "time_zone")
        return {
            name: self[name].data or ""
            for name in (*_OF_USER, *_OWN)
            if self[name].data or name not in chosen
        }


def people(actions: PersonActions) -> PageGroup:
    """The pages of persons."""
    bp = PageGroup("people_pages", __name__)

    @bp.get("/people")
    @bp.needs(READ)
    def show_list(scope: PeopleScope) -> Response:
        listing = Listing(RecordQuerySchema)
        try:
            found = _find(actions, listing.query, scope)
        except StaffrollError as error:
            listing.refuse(error)
            found = _find(actions, {**listing.query, "q": "", "cursor": None}, scope)
        return page(
            "people/list.html",
            listing=listing,
            found=found,
            next_cursor=Position(*found.end).to_cursor() if found.end else None,
            listed_name=listed_name,
            sync_of=sync_of,
            phone=readable_phone,
        )

    @bp.form("/people/new")
    @bp.needs(EDIT)
    def create(scope: PeopleScope) -> Response:
        form = _PersonForm()
        form.offer(scope)
        if form.is_good():
            with form.refusals():
                new, own = form.load(NewPersonSchema)
                answer = actions.wait(actions.create(new, own, scope), scope, WAIT_SECONDS)
                say_of_creation(answer)
                return go(".show", person_id=answer.record.id)
        return page("people/new.html", form.status, form=form)

    @bp.get("/people/<id:person_id>")
    @bp.needs(READ)
    def show(person_id: str, scope: PeopleScope) -> Response:
        record = actions.get(person_id, scope)
        if record.followed.state == "rejected" and scope.actor.may(EDIT):
            return _show_refused(record, CorrectionForm(known=_known(record)), scope)
        return show_person(record, scope, window=request.args.get("window", ""))

    @bp.form("/people/<id:person_id>/correct")
    @bp.needs(EDIT, shows=READ)
    def correct(person_id: str, scope: PeopleScope) -> Response:
        """Send what accounts refused once more."""
        form = CorrectionForm()
        if form.is_good():
            with form.refusals():
                record = actions.get(person_id, scope)
                if form.seen.data != str(record.version):
                    raise Stale
                of_user, own = form.load(PersonChangesSchema, form.values())
                answer = actions.edit(person_id, of_user, own, scope, expected=record.version)
                say_of_creation(actions.wait(answer, scope, WAIT_SECONDS))
                return go(".show", person_id=person_id)
        record = actions.get(person_id, scope)
        if record.followed.state != "rejected":
            return go(".show", person_id=person_id)
        return _show_refused(record, form, scope)

    @bp.does("/people/<id:person_id>/discard")
    @bp.needs(EDIT, shows=READ)
    def discard(person_id: str, scope: PeopleScope) -> Response:
        """Forget one whom accounts refused to make."""
        name = actions.get(person_id, scope).followed.user.name
        actions.discard(person_id, scope, expected=None)
        notice(gettext("%(name)s is discarded.", name=name))
        return go(".show_list")

    @bp.form("/people/<id:person_id>/delete")
    @bp.needs(DELETE, shows=READ, fresh=True)
    def delete_person(person_id: str, scope: PeopleScope) -> Response:
        record = actions.get(person_id, scope)
        form = DeleteForm(record.followed.user)
        if form.is_good():
            with form.refusals():
                if delete(person_id, actions, scope):
                    return go(".show_list")
                return go(".show", person_id=person_id)
        return show_person(record, scope, form.status, delete_form=form, window="delete")

    @bp.does("/people/<id:person_id>/deletion/dismiss")
    @bp.needs(DELETE)
    def dismiss_deletion(person_id: str, scope: PeopleScope) -> Response:
        """Forget a deletion that accounts refused."""
        actions.dismiss_deletion(person_id, scope, expected=None)
        return go(".show", person_id=person_id)

    return bp


def _find(
    actions: PersonActions, query: Mapping[str, Any], scope: PeopleScope
) -> RecordPage[Profile]:
    after = Position.from_cursor(query["cursor"]) if query["cursor"] else None
    return actions.find_page(
        scope,
        state=query["state"],
        terms=parse_terms(query["q"]),
        after=(after.sort, after.id) if after else None,
        limit=query["limit"],
    )


def _known(record: Record[Profile]) -> dict[str, str]:
    of_user = {name: getattr(record.followed.user, name) for name in _OF_USER}
    return {**of_user, **{name: getattr(record.own, name) for name in _OWN}}


def _show_refused(record: Record[Profile], form: CorrectionForm, scope: PeopleScope) -> Response:
    """What accounts refused, with why at the fields, unless other mistakes stand there."""
    form.offer(scope)
    form.seen.data = str(record.version)
    if not form.problems and not form.errors and record.followed.rejection is not None:
        refused.show_at(form, record.followed.rejection)
    return page("people/refused.html", form.status, person=record, form=form)

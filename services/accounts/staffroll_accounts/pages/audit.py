"""Account › Audit trail: who did what to whom, when, from where (R9), as sentences."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final

from flask import Response
from markupsafe import Markup
from marshmallow import fields, pre_load, validate

from staffroll.audit_chain import Line
from staffroll.errors import StaffrollError
from staffroll.mongo.audit_trail import AuditFilter
from staffroll.web.audit import address_of, find_page, json_lines
from staffroll.web.lists import Page, PageQuerySchema
from staffroll.web.pages import Listing, PageGroup, page, words
from staffroll.web.pages.listing import asked_for
from staffroll_accounts.actions import AccountsScope
from staffroll_accounts.pages.audit_names import Names, full_name
from staffroll_accounts.pages.audit_search import Meant, meant
from staffroll_accounts.pages.audit_words import (
    GROUPS,
    HAPPENINGS,
    REASONS,
    Happening,
    actions_of,
    field_name,
    happening,
)

READ: Final = "accounts.audit:read"

_TYPED_MAX_CHARACTERS: Final = 200
_ONE_DAY: Final = timedelta(days=1)
_IN_THE_SENTENCE: Final = ("plugin", "webhook.disabled", "access-token")
"""Actions that begin like this note something else than names of changed fields."""


class AuditPageSchema(PageQuerySchema):
    """Which lines, as people ask for them; all conditions must hold."""

    who = fields.String(load_default="", validate=validate.Length(max=_TYPED_MAX_CHARACTERS))
    whom = fields.String(load_default="", validate=validate.Length(max=_TYPED_MAX_CHARACTERS))
    what = fields.String(load_default="", validate=validate.OneOf([*GROUPS, *HAPPENINGS]))
    first_day = fields.Date(load_default=None)
    last_day = fields.Date(load_default=None)

    @pre_load
    def _leave_out_empty(self, data: Mapping[str, Any], **_: object) -> dict[str, Any]:
        """A form sends all of its fields."""
        return {name: value for name, value in data.items() if value != ""}


@dataclass(frozen=True, slots=True)
class Row:
    """A line as people read it.

    Attributes:
        changed: What people call the fields that changed.
    """

    line: Line
    happening: Happening
    sentence: Markup
    changed: list[str]
    address: str | None


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the filters above the list ask for."""

    who: Meant
    whom: Meant
    filter: AuditFilter

    @property
    def is_clear(self) -> bool:
        """Whether it is clear who is meant."""
        return self.who.is_clear and self.whom.is_clear


def audit() -> PageGroup:
    """The pages of the audit trail."""
    bp = PageGroup("audit_pages", __name__)

    @bp.get("/audit")
    @bp.needs(READ)
    def show(scope: AccountsScope) -> Response:
        listing = Listing(AuditPageSchema)
        wanted = _wanted(listing.query, scope)
        found = _find(listing, wanted, scope)
        return page(
            "audit/list.html",
            listing=listing,
            query=listing.query,
            wanted=wanted,
            found=found,
            rows=_rows(found.items, scope),
            choices=_choices(),
            full_name=full_name,
        )

    @bp.get("/audit/download")
    @bp.needs(READ)
    def download(scope: AccountsScope) -> Response:
        wanted = _wanted(asked_for(AuditPageSchema), scope)
        wanted.who.check()
        wanted.whom.check()
        answer = json_lines(scope.store.audit.find(wanted.filter))
        answer.headers["Content-Disposition"] = (
            f'attachment; filename="audit-{scope.now.date()}.jsonl"'
        )
        return answer

    return bp


def _wanted(query: Mapping[str, Any], scope: AccountsScope) -> Wanted:
    who, whom = meant(query["who"], scope), meant(query["whom"], scope)
    what = query["what"]
    last_day = query["last_day"]
    return Wanted(
        who,
        whom,
        AuditFilter(
            actor=who.id,
            subject=whom.id,
            action=what if what in HAPPENINGS else None,
            actions=actions_of(what) if what in GROUPS else (),
            since=_midnight(query["first_day"]),
            until=_midnight(last_day, _ONE_DAY),
        ),
    )


def _find(listing: Listing, wanted: Wanted, scope: AccountsScope) -> Page[Line]:
    if not wanted.is_clear:
        return Page([], 0, None)
    trail, limit = scope.store.audit, listing.query["limit"]
    try:
        return find_page(trail, wanted.filter, cursor=listing.query["cursor"], limit=limit)
    except StaffrollError as error:
        listing.refuse(error)
        return find_page(trail, wanted.filter, cursor=None, limit=limit)


def _midnight(day: date | None, later: timedelta = timedelta()) -> datetime | None:
    """When the day begins where the reader is; none for days that no calendar reaches."""
    if day is None:
        return None
    try:
        begin = datetime.combine(day + later, time.min, words.current().zone)
        return begin.astimezone(UTC)
    except OverflowError:
        return None


def _rows(lines: Iterable[Line], scope: AccountsScope) -> list[Row]:
    lines = list(lines)
    names = Names(lines, scope)
    return [_row(line, names) for line in lines]


def _row(line: Line, names: Names) -> Row:
    action = str(line["action"])
    known = happening(action)
    is_own = line["actor"] == line["subject"] and known.own is not None
    is_told = action.startswith(_IN_THE_SENTENCE)
    what = line["changed"][0] if is_told and line["changed"] else ""
    said = str(known.own if is_own else known.sentence)
    sentence = Markup(said) % {  # noqa: S704 - ours; what is filled in is escaped
        "who": names.actor(line),
        "whom": names.subject(line),
        "what": Markup("<strong>{}</strong>").format(REASONS.get(what, what)),
    }
    changed = [] if is_told else [str(field_name(name)) for name in line["changed"]]
    return Row(line, known, sentence, changed, address_of(line))


def _choices() -> list[tuple[str, object, list[tuple[str, object]]]]:
    """What can be asked for: groups, each with its actions."""
    return [
        (group, label, [(name, HAPPENINGS[name].name) for name in actions_of(group)])
        for group, label in GROUPS.items()
    ]

"""An employee's shifts, week by week: shown, planned, changed, deleted (R81)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from http import HTTPStatus
from typing import Any, Final
from zoneinfo import ZoneInfo

from babel import dates
from flask import Response, request
from wtforms import HiddenField, SelectField, StringField
from wtforms.validators import Optional

from staffroll.errors import NotFound
from staffroll.scope import Scope
from staffroll.web.pages import Form, PageGroup, gettext, go, lazy_gettext, notice, page, words
from staffroll.web.pages.days import DayField, Filled
from staffroll_scheduling.actions import shifts as actions
from staffroll_scheduling.actions.shift_lists import ShiftFilter, find_page, zone_of
from staffroll_scheduling.api.shifts import NewShiftSchema, ShiftChangesSchema
from staffroll_scheduling.domain.employees import Employee
from staffroll_scheduling.domain.membership import day_in
from staffroll_scheduling.domain.shown import ShownShift
from staffroll_scheduling.pages.units import entries
from staffroll_scheduling.store import Store

_READ: Final = "scheduling.shifts:read"
_EDIT: Final = "scheduling.shifts:edit"
_ALL: Final = "/employees/<id:employee_id>/shifts"
_WEEK: Final = re.compile(r"(\d{4})-W(\d\d)", re.ASCII)
_CLOCK: Final = re.compile(r"([01]?[0-9]|2[0-3]):([0-5][0-9])", re.ASCII)
_MOST_SHOWN: Final = 500
"""More than an employee may have in a week."""


class ShiftForm(Form):
    """Times as people say them, in the zone that the page names."""

    version = HiddenField()
    day = DayField(lazy_gettext("Day"), [Filled()])
    start = StringField(lazy_gettext("Begins"), [Filled()])
    end = StringField(lazy_gettext("Ends"), [Filled()])
    activity_id = SelectField(lazy_gettext("Activity"), [Optional()], validate_choice=False)
    note = StringField(lazy_gettext("Note"), [Optional()])

    def has_times(self, known: Mapping[str, Any]) -> bool:
        """Whether the day and both times are still these."""
        return all(self[name].data == str(known[name]) for name in ("day", "start", "end"))

    def typed(self, zone: str) -> dict[str, Any] | None:
        """What was typed, in the schema's names; None where it says no times."""
        day = _day(self.day.data or "")
        if day is None:
            self.say_at("day", [gettext("This is not a day, as 2026-11-30 is.")])
        clocks = [_clock(self[name].data or "") for name in ("start", "end")]
        for name, clock in zip(("start", "end"), clocks, strict=True):
            if clock is None:
                self.say_at(name, [gettext("This is not a time, as 08:30 is.")])
        start, end = clocks
        if day is None or start is None or end is None:
            self.status = HTTPStatus.UNPROCESSABLE_ENTITY
            return None
        last = day if end > start else day + timedelta(days=1)
        return {
            "start": datetime.combine(day, start, ZoneInfo(zone)).isoformat(),
            "end": datetime.combine(last, end, ZoneInfo(zone)).isoformat(),
            "activity_id": self.activity_id.data or None,
            "note": self.note.data or "",
        }


@dataclass(frozen=True, slots=True)
class Block:
    """A shift in its column.

    Attributes:
        times: From and to, as they are written where the reader is.
    """

    shift: ShownShift
    times: str
    activity: str


@dataclass(frozen=True, slots=True)
class Column:
    """A day of the week."""

    day: date
    name: str
    blocks: list[Block]
    is_today: bool


def shifts() -> PageGroup:
    """The pages of an employee's shifts."""
    bp = PageGroup("shift_pages", __name__)

    @bp.get(_ALL)
    @bp.needs(_READ)
    def show_week(employee_id: str, scope: Scope[Store]) -> Response:
        record = scope.store.records.get(employee_id)
        zone = zone_of(record, scope)
        today = day_in(zone, scope.now)
        monday = _monday(request.args.get("week", "")) or _first_of(today)
        return page(
            "shifts/week.html",
            employee=record,
            zone=zone,
            monday=monday,
            sunday=monday + timedelta(days=6),
            begins_with=today if _first_of(today) == monday else monday,
            columns=_columns(record, monday, today, zone, scope),
            previous=_name_of(monday - timedelta(days=7)),
            following=_name_of(monday + timedelta(days=7)),
        )

    @bp.form(f"{_ALL}/new")
    @bp.needs(_EDIT, shows=_READ)
    def create(employee_id: str, scope: Scope[Store]) -> Response:
        record = scope.store.records.get(employee_id)
        zone = zone_of(record, scope)
        day = _day(request.args.get("day", "")) or day_in(zone, scope.now)
        form = ShiftForm(known={"day": day, "start": "08:00", "end": "16:00"})
        form.activity_id.choices = _activities(None, scope)
        if form.is_good() and (typed := form.typed(zone)) is not None:
            with form.refusals():
                wish = form.load(NewShiftSchema, {**typed, "employee_id": employee_id})
                return _back(actions.create(wish, scope))
        return _show(record, form, zone, None, day)

    @bp.form(f"{_ALL}/<id:shift_id>")
    @bp.needs(_EDIT, shows=_READ)
    def edit(employee_id: str, shift_id: str, scope: Scope[Store]) -> Response:
        one = _one(employee_id, shift_id, scope)
        known = _known(one)
        form = ShiftForm(known=known)
        form.activity_id.choices = _activities(one.shift.activity_id, scope)
        if form.is_good() and (typed := form.typed(one.time_zone)) is not None:
            with form.refusals():
                if form.has_times(known):
                    # What a clock shows twice a year must not move a shift that stays.
                    del typed["start"], typed["end"]
                changes = form.load(ShiftChangesSchema, typed)
                seen = _number(form.version.data)
                return _back(actions.edit(shift_id, changes, scope, expected=seen))
        return _show(one.employee, form, one.time_zone, one, one.day)

    @bp.does(f"{_ALL}/<id:shift_id>/delete")
    @bp.needs(_EDIT)
    def delete(employee_id: str, shift_id: str, scope: Scope[Store]) -> Response:
        one = _one(employee_id, shift_id, scope)
        actions.delete(shift_id, scope, expected=_number(request.form.get("version")))
        notice(gettext("The shift is deleted."))
        return go(".show_week", employee_id=one.employee.id, week=_name_of(one.day))

    return bp


def _one(employee_id: str, shift_id: str, scope: Scope[Store]) -> ShownShift:
    one = actions.get(shift_id, scope)
    if one.employee.id != employee_id:
        raise NotFound
    return one


def _columns(
    record: Employee, monday: date, today: date, zone: str, scope: Scope[Store]
) -> list[Column]:
    begins = datetime.combine(monday, time.min, ZoneInfo(zone))
    ends = datetime.combine(monday + timedelta(days=7), time.min, ZoneInfo(zone))
    wanted = ShiftFilter(begins, ends, record.id)
    found = find_page(wanted, scope, after=None, limit=_MOST_SHOWN).shifts
    ids = {one.shift.activity_id for one in found if one.shift.activity_id}
    names = scope.store.catalogues.names(ids) if ids else {}
    return [
        Column(
            day,
            dates.format_skeleton("MMMEd", day, locale=words.current().locale),
            [_block(one, names) for one in found if one.day == day],
            day == today,
        )
        for day in (monday + timedelta(days=nth) for nth in range(7))
    ]


def _block(one: ShownShift, activities: Mapping[str, str]) -> Block:
    zone, locale = ZoneInfo(one.time_zone), words.current().locale
    start, end = (
        dates.format_time(moment.astimezone(zone), "short", locale=locale, tzinfo=zone)
        for moment in (one.shift.start, one.shift.end)
    )
    return Block(one, f"{start} – {end}", activities.get(one.shift.activity_id or "", ""))


def _known(one: ShownShift) -> dict[str, Any]:
    start, end = (
        moment.astimezone(ZoneInfo(one.time_zone)) for moment in (one.shift.start, one.shift.end)
    )
    return {
        "version": one.version,
        "day": one.day,
        "start": f"{start:%H:%M}",
        "end": f"{end:%H:%M}",
        "activity_id": one.shift.activity_id or "",
        "note": one.shift.note,
    }


def _activities(present: str | None, scope: Scope[Store]) -> dict[str, str]:
    """Those of the catalogue, and what the shift has, whatever became of it."""
    known = {entry.id: entry.name for entry in entries("activity", scope)}
    also = scope.store.catalogues.names([present]) if present and present not in known else {}
    return {"": gettext("None"), **also, **known}


def _show(
    record: Employee, form: ShiftForm, zone: str, one: ShownShift | None, day: date
) -> Response:
    return page(
        "shifts/edit.html",
        form.status,
        form=form,
        employee=record,
        zone=zone,
        one=one,
        week=_name_of(day),
    )


def _back(one: ShownShift) -> Response:
    notice(gettext("The shift is saved."))
    return go(".show_week", employee_id=one.employee.id, week=_name_of(one.day))


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _clock(text: str) -> time | None:
    match = _CLOCK.fullmatch(text.strip())
    return time(int(match[1]), int(match[2])) if match else None


def _number(text: str | None) -> int | None:
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 10 else None


def _first_of(day: date) -> date:
    return day - timedelta(days=day.weekday())


def _monday(text: str) -> date | None:
    match = _WEEK.fullmatch(text)
    if match is None or not 1900 < int(match[1]) < 9000:
        return None
    try:
        return date.fromisocalendar(int(match[1]), int(match[2]), 1)
    except ValueError:
        return None


def _name_of(day: date) -> str:
    year, week, _ = day.isocalendar()
    return f"{year}-W{week:02}"

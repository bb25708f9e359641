"""When an employee can work: a line for each weekday (R81)."""

from __future__ import annotations

import re
from collections.abc import Iterable
from http import HTTPStatus
from itertools import combinations
from typing import Final

from flask import Response
from wtforms import HiddenField, StringField
from wtforms.validators import Optional

from staffroll.errors import FieldError, Invalid
from staffroll.scope import Scope
from staffroll.web.pages import Form, PageGroup, gettext, go, lazy_gettext, notice, page
from staffroll_scheduling.actions import assignments as actions
from staffroll_scheduling.api.availabilities import NewAvailabilitiesSchema
from staffroll_scheduling.domain.availability import WEEKDAYS, Availability, available
from staffroll_scheduling.domain.employees import Employee
from staffroll_scheduling.domain.errors import AvailabilitiesOverlap
from staffroll_scheduling.pages.employee import READ, version_as_seen
from staffroll_scheduling.store import Store

_PATH: Final = "/employees/<id:employee_id>/availabilities"
_CLOCK: Final = r"([01]?[0-9]|2[0-4]):([0-5][0-9])"
_TIMES: Final = re.compile(rf"\s*{_CLOCK}\s*[-–]\s*{_CLOCK}\s*", re.ASCII)


class AvailabilityForm(Form):
    seen = HiddenField()
    monday = StringField(lazy_gettext("Monday"), [Optional()])
    tuesday = StringField(lazy_gettext("Tuesday"), [Optional()])
    wednesday = StringField(lazy_gettext("Wednesday"), [Optional()])
    thursday = StringField(lazy_gettext("Thursday"), [Optional()])
    friday = StringField(lazy_gettext("Friday"), [Optional()])
    saturday = StringField(lazy_gettext("Saturday"), [Optional()])
    sunday = StringField(lazy_gettext("Sunday"), [Optional()])

    def typed(self) -> list[dict[str, str]] | None:
        """The times of the week, in the schema's names; None where a day cannot be read."""
        found: list[dict[str, str]] = []
        is_good = True
        for day in WEEKDAYS:
            parts = [part for part in (self[day].data or "").split(",") if part.strip()]
            times = [_TIMES.fullmatch(part) for part in parts]
            if not all(times):
                self.say_at(day, [gettext("Write times such as 08:00-12:00, 13:00-17:00.")])
                self.status = HTTPStatus.UNPROCESSABLE_ENTITY
                is_good = False
            found += [_item(day, match) for match in times if match]
        return found if is_good else None


def availabilities() -> PageGroup:
    """The page of an employee's week."""
    bp = PageGroup("availability_pages", __name__)

    @bp.form(_PATH)
    @bp.needs("scheduling.employees:edit", shows=READ)
    def change(employee_id: str, scope: Scope[Store]) -> Response:
        record = scope.store.records.get(employee_id)
        form = AvailabilityForm(known=lines(record))
        if form.is_good() and (items := form.typed()) is not None:
            with form.refusals():
                wish = form.load(NewAvailabilitiesSchema, {"items": items})["items"]
                seen = version_as_seen(form.seen.data, _mark(record), record)
                try:
                    actions.set_availabilities(employee_id, wish, scope, expected=seen)
                except AvailabilitiesOverlap as error:
                    raise Invalid(errors=_at_days(wish, error)) from error
                notice(gettext("Saved."))
                return go("employee_pages.show", employee_id=employee_id)
        form.seen.data = _mark(record)
        return page("availabilities/edit.html", form.status, form=form, employee=record)

    return bp


def lines(record: Employee) -> dict[str, str]:
    """The times of each weekday that has some, as they are typed."""
    found: dict[str, list[str]] = {}
    for one in record.own.availabilities:
        text = f"{one.starts.isoformat('minutes')}-{one.ends.isoformat('minutes')}"
        found.setdefault(one.weekday, []).append(text)
    return {day: ", ".join(texts) for day, texts in found.items()}


def _mark(record: Employee) -> str:
    return repr(sorted(lines(record).items()))


def _item(day: str, match: re.Match[str]) -> dict[str, str]:
    hours = [f"{int(match[nth]) % 24:02}:{match[nth + 1]}" for nth in (1, 3)]
    return {"weekday": day, "from": hours[0], "to": hours[1]}


def _at_days(
    wish: Iterable[Availability], error: AvailabilitiesOverlap
) -> dict[str, list[FieldError]]:
    """The error at each weekday with a time that lies within another one."""
    found: dict[str, list[FieldError]] = {}
    for one, other in combinations(wish, 2):
        try:
            available((one, other))
        except AvailabilitiesOverlap:
            found[other.weekday] = [FieldError(error.code, error.wording)]
    return found

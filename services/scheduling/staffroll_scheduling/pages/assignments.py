"""What an employee has out of the catalogues, and when: given, changed, ended, taken away (R80)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final, cast

from flask import Response
from wtforms import HiddenField, SelectField, StringField
from wtforms.validators import Optional

from staffroll.errors import NotFound
from staffroll.scope import Scope
from staffroll.web.pages import Form, PageGroup, gettext, go, lazy_gettext, notice, page
from staffroll.web.pages.days import DayField, Filled
from staffroll_scheduling.actions import assignments as actions
from staffroll_scheduling.actions.assignments import Shown
from staffroll_scheduling.api.assignments import ASSIGNABLES, NEW_SCHEMAS
from staffroll_scheduling.domain.assignments import Assignment, Kind
from staffroll_scheduling.domain.catalogue import Entry, Skill
from staffroll_scheduling.domain.employees import Employee
from staffroll_scheduling.domain.errors import PriorityOneNeeded, SkillMissing
from staffroll_scheduling.domain.membership import day_in
from staffroll_scheduling.pages.employee import version_as_seen
from staffroll_scheduling.pages.units import entries, reached
from staffroll_scheduling.store import Store

_READ: Final = "scheduling.employees:read"
_EDIT: Final = "scheduling.employees:edit"
_ALL: Final = "/employees/<id:employee_id>/assignments"
_PATHS: Final = f"{_ALL}/<any(contracts, skills, activities, 'planning-units'):path>"
_BY_PATH: Final = {made.path: made for made in ASSIGNABLES}
_CHANGES: Final = {made.path: made.changes_schema() for made in ASSIGNABLES}


class PeriodForm(Form):
    seen = HiddenField()
    valid_from = DayField(lazy_gettext("Valid from"), [Filled()])
    valid_to = DayField(lazy_gettext("Valid to"), [Optional()])
    level = StringField(lazy_gettext("Level"))
    priority = StringField(lazy_gettext("Priority"))

    def __init__(self, kind: Kind, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.own = [name for name, of in _OWN.items() if of == kind]
        for name in _OWN:
            if name not in self.own:
                del self[name]

    def typed(self) -> dict[str, Any]:
        """What was typed, in the schema's names; a day that was emptied, too."""
        period = {"valid_from": self.valid_from.data, "valid_to": self.valid_to.data or None}
        return {**period, **{name: _number(self[name].data or "") for name in self.own}}


class NewForm(PeriodForm):
    """The field of what is given is called as in the API: ``skill_id``."""

    contract_id = SelectField(lazy_gettext("Contract"), validate_choice=False)
    skill_id = SelectField(lazy_gettext("Skill"), validate_choice=False)
    activity_id = SelectField(lazy_gettext("Activity"), validate_choice=False)
    planning_unit_id = SelectField(lazy_gettext("Planning unit"), validate_choice=False)

    def __init__(self, kind: Kind, offered: list[Entry], **kwargs: Any) -> None:
        super().__init__(kind, **kwargs)
        self.what = f"{kind}_id"
        for made in ASSIGNABLES:
            if made.kind != kind:
                del self[f"{made.kind}_id"]
        self.chosen = cast(SelectField, self[self.what])
        self.chosen.choices = {entry.id: entry.name for entry in offered}

    def typed(self) -> dict[str, Any]:
        return {**super().typed(), self.what: self.chosen.data or ""}


_OWN: Final[Mapping[str, Kind]] = {"level": "skill", "priority": "planning_unit"}


@dataclass(frozen=True, slots=True)
class Texts:
    """What a kind of assignment is called."""

    title: Any
    add: Any


TEXTS: Final[Mapping[str, Texts]] = {
    "planning-units": Texts(lazy_gettext("Planning units"), lazy_gettext("Add planning unit")),
    "contracts": Texts(lazy_gettext("Contracts"), lazy_gettext("Add contract")),
    "activities": Texts(lazy_gettext("Activities"), lazy_gettext("Add activity")),
    "skills": Texts(lazy_gettext("Skills"), lazy_gettext("Add skill")),
}


@dataclass(frozen=True, slots=True)
class Row:
    """An assignment as the page shows it.

    Attributes:
        extra: Its level or priority, in words.
        state: ``now``, ``later`` or ``over``.
    """

    assignment: Assignment
    name: str
    extra: str
    state: str


def assignments() -> PageGroup:
    """The page of all assignments of an employee, and those that change one."""
    bp = PageGroup("assignment_pages", __name__)

    @bp.get(_ALL)
    @bp.needs(_READ)
    def show_all(employee_id: str, scope: Scope[Store]) -> Response:
        record = scope.store.records.get(employee_id)
        found = {path: _rows(path, record, scope) for path in TEXTS}
        return page("assignments/show.html", employee=record, found=found, texts=TEXTS)

    @bp.form(f"{_PATHS}/new")
    @bp.needs(_EDIT, shows=_READ)
    def add(employee_id: str, path: str, scope: Scope[Store]) -> Response:
        kind = _BY_PATH[path].kind
        record = scope.store.records.get(employee_id)
        offered = reached(scope) if kind == "planning_unit" else entries(kind, scope)
        known = {"valid_from": _today(record, scope), "level": "1", "priority": "1"}
        form = NewForm(kind, offered, known=known)
        if form.is_good():
            at = {"activity_id": SkillMissing} if kind == "activity" else {}
            with form.refusals(**at, **_at(kind)):
                wish = form.load(NEW_SCHEMAS[kind], form.typed())
                actions.assign(kind, employee_id, wish, scope)
                return _back(employee_id)
        return _show(path, record, form, None)

    @bp.form(f"{_PATHS}/<id:assignment_id>")
    @bp.needs(_EDIT, shows=_READ)
    def change(employee_id: str, path: str, assignment_id: str, scope: Scope[Store]) -> Response:
        """Another period, level or priority; ending is a last day."""
        kind = _BY_PATH[path].kind
        record, one = _one(kind, employee_id, assignment_id, scope)
        mine = one.assignment
        form = PeriodForm(kind, known=_known(mine))
        if form.is_good():
            at = {"valid_to": SkillMissing} if kind in ("skill", "activity") else {}
            with form.refusals(**at, **_at(kind)):
                changes = form.load(_CHANGES[path], form.typed())
                seen = version_as_seen(form.seen.data, _mark(mine), record)
                actions.edit(kind, employee_id, assignment_id, changes, scope, expected=seen)
                return _back(employee_id)
        form.seen.data = _mark(mine)
        return _show(path, record, form, one)

    @bp.form(f"{_PATHS}/<id:assignment_id>/remove")
    @bp.needs(_EDIT, shows=_READ)
    def remove(employee_id: str, path: str, assignment_id: str, scope: Scope[Store]) -> Response:
        kind = _BY_PATH[path].kind
        record, one = _one(kind, employee_id, assignment_id, scope)
        form = Form()
        if form.is_good():
            with form.refusals():
                actions.remove(kind, employee_id, assignment_id, scope, expected=record.version)
                return _back(employee_id)
        return page(
            "assignments/remove.html", form.status, form=form, employee=record, one=one, path=path
        )

    return bp


def _at(kind: Kind) -> dict[str, Any]:
    return {"priority": PriorityOneNeeded} if kind == "planning_unit" else {}


def _one(
    kind: Kind, employee_id: str, assignment_id: str, scope: Scope[Store]
) -> tuple[Employee, Shown]:
    found = actions.find_all(kind, employee_id, scope)
    for one in found.items:
        if one.assignment.id == assignment_id:
            return scope.store.records.get(employee_id), one
    raise NotFound


def _rows(path: str, record: Employee, scope: Scope[Store]) -> list[Row]:
    kind = _BY_PATH[path].kind
    shown = actions.find_all(kind, record.id, scope).items
    targets = {one.assignment.target_id for one in shown}
    known = scope.store.catalogues.of(kind).some(targets) if targets else {}
    today = _today(record, scope)
    return [
        Row(
            one.assignment,
            one.name,
            _extra(one.assignment, known.get(one.assignment.target_id)),
            _state(one.assignment, today),
        )
        for one in shown
    ]


def _extra(one: Assignment, entry: Entry | None) -> str:
    if one.priority is not None:
        return gettext("Priority %(number)s", number=one.priority)
    if one.level is not None and isinstance(entry, Skill) and one.level <= len(entry.levels):
        return entry.levels[one.level - 1]
    return ""


def _state(one: Assignment, today: date) -> str:
    if one.is_valid_on(today):
        return "now"
    return "later" if one.valid_from > today else "over"


def _mark(one: Assignment) -> str:
    return f"{one.valid_from} {one.valid_to} {one.level} {one.priority}"


def _known(one: Assignment) -> dict[str, Any]:
    names = ("valid_from", "valid_to", "level", "priority")
    return {name: getattr(one, name) for name in names}


def _number(text: object) -> object:
    """A whole number; what is none goes to the schema as it is."""
    typed = str(text).strip()
    return int(typed) if typed.isascii() and typed.isdigit() and len(typed) < 10 else typed


def _today(record: Employee, scope: Scope[Store]) -> date:
    return day_in(record.followed.user.time_zone, scope.now)


def _show(path: str, record: Employee, form: PeriodForm, one: Shown | None) -> Response:
    return page(
        "assignments/edit.html",
        form.status,
        form=form,
        employee=record,
        one=one,
        path=path,
        texts=TEXTS[path],
    )


def _back(employee_id: str) -> Response:
    notice(gettext("Saved."))
    return go(".show_all", employee_id=employee_id)

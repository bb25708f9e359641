"""WFM › Catalogues: contracts, skills, activities and planning units (R80)."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from flask import Response
from wtforms import BooleanField, HiddenField, SelectField, StringField, TextAreaField
from wtforms.validators import Optional

from staffroll.scope import Scope
from staffroll.web.pages import Form, PageGroup, gettext, go, lazy_gettext, notice, page
from staffroll.web.pages.boxes import BoxesField
from staffroll.web.pages.choices import time_zones
from staffroll_scheduling.actions import catalogue as actions
from staffroll_scheduling.api.catalogue_forms import CATALOGUES
from staffroll_scheduling.domain.assignments import Kind
from staffroll_scheduling.domain.catalogue import Activity, Contract, Entry, PlanningUnit, Skill
from staffroll_scheduling.domain.errors import LevelsStay
from staffroll_scheduling.pages.units import entries
from staffroll_scheduling.store import Store

_READ: Final = "scheduling.catalogue:read"
_EDIT: Final = "scheduling.catalogue:edit"
_PATHS: Final = "/catalogues/<any(contracts, skills, activities, 'planning-units'):path>"
_BY_PATH: Final = {made.path: made for made in CATALOGUES}


class EntryForm(Form):
    """What everything of a catalogue has."""

    version = HiddenField()
    name = StringField(lazy_gettext("Name"))
    description = StringField(lazy_gettext("Description"), [Optional()])

    def offer(self, entry: Entry | None, scope: Scope[Store]) -> None:
        """Set what there is to choose from."""

    @staticmethod
    @abstractmethod
    def known(entry: Any) -> dict[str, Any]:
        """What the form shows of an entry, besides its name and description."""

    def typed(self) -> dict[str, Any]:
        """What was typed, in the schema's names; what was emptied, too."""
        return {"name": self.name.data or "", "description": self.description.data or ""}


class ContractForm(EntryForm):
    weekly_minutes = StringField(lazy_gettext("Hours per week"))

    @staticmethod
    def known(entry: Contract) -> dict[str, Any]:
        return {"weekly_minutes": hours_text(entry.weekly_minutes)}

    def typed(self) -> dict[str, Any]:
        return {**super().typed(), "weekly_minutes": _minutes(self.weekly_minutes.data or "")}


class SkillForm(EntryForm):
    levels = TextAreaField(lazy_gettext("Levels"), [Optional()])

    @staticmethod
    def known(entry: Skill) -> dict[str, Any]:
        return {"levels": "\n".join(entry.levels)}

    def typed(self) -> dict[str, Any]:
        lines = (line.strip() for line in (self.levels.data or "").splitlines())
        return {**super().typed(), "levels": [{"name": line} for line in lines if line]}


class ActivityForm(EntryForm):
    required_skills = BoxesField(lazy_gettext("Required skills"))
    colour = StringField(lazy_gettext("Colour"), [Optional()])
    is_paid = BooleanField(lazy_gettext("Paid working time"), default=True)

    def offer(self, entry: Entry | None, scope: Scope[Store]) -> None:
        skills = [skill for skill in entries("skill", scope) if isinstance(skill, Skill)]
        self.required_skills.choices = {
            f"{skill.id}:{level}": needed_text(skill, level)
            for skill in skills
            for level in range(1, skill.highest_level + 1)
        }

    @staticmethod
    def known(entry: Activity) -> dict[str, Any]:
        needed = [f"{need.skill_id}:{need.level}" for need in entry.required_skills]
        return {"required_skills": needed, "colour": entry.colour, "is_paid": entry.is_paid}

    def typed(self) -> dict[str, Any]:
        chosen = (text.partition(":") for text in self.required_skills.data or ())
        return {
            **super().typed(),
            "required_skills": [
                {"skill_id": id_, "level": int(level) if level.isdecimal() else level}
                for id_, _, level in chosen
            ],
            "colour": (self.colour.data or "").strip().lower() or None,
            "is_paid": self.is_paid.data,
        }


class PlanningUnitForm(EntryForm):
    time_zone = SelectField(lazy_gettext("Time zone"), validate_choice=False)

    def offer(self, entry: Entry | None, scope: Scope[Store]) -> None:
        present = entry.time_zone if isinstance(entry, PlanningUnit) else ""
        self.time_zone.choices = time_zones(present)
        if not self.time_zone.data:
            self.time_zone.data = scope.store.directory.house().time_zone

    @staticmethod
    def known(entry: PlanningUnit) -> dict[str, Any]:
        return {"time_zone": entry.time_zone}

    def typed(self) -> dict[str, Any]:
        return {**super().typed(), "time_zone": self.time_zone.data or ""}


@dataclass(frozen=True, slots=True)
class Texts:
    """What a catalogue is called, and what its list says where it is empty."""

    title: Any
    new: Any
    form: type[EntryForm]


TEXTS: Final[Mapping[Kind, Texts]] = {
    "contract": Texts(lazy_gettext("Contracts"), lazy_gettext("Create contract"), ContractForm),
    "skill": Texts(lazy_gettext("Skills"), lazy_gettext("Create skill"), SkillForm),
    "activity": Texts(lazy_gettext("Activities"), lazy_gettext("Create activity"), ActivityForm),
    "planning_unit": Texts(
        lazy_gettext("Planning units"), lazy_gettext("Create planning unit"), PlanningUnitForm
    ),
}


def catalogues() -> PageGroup:
    """The pages of all catalogues: list, create, change, delete."""
    bp = PageGroup("catalogue_pages", __name__)

    @bp.get("/catalogues")
    @bp.needs(_READ)
    def start(scope: Scope[Store]) -> Response:  # noqa: ARG001
        return go(".show_list", path=CATALOGUES[0].path)

    @bp.get(_PATHS)
    @bp.needs(_READ)
    def show_list(path: str, scope: Scope[Store]) -> Response:
        kind = _BY_PATH[path].kind
        rows = [(entry, _about(entry, scope)) for entry in entries(kind, scope)]
        return _show("list.html", path, rows=rows, tabs=_tabs())

    @bp.form(f"{_PATHS}/new")
    @bp.needs(_EDIT)
    def create(path: str, scope: Scope[Store]) -> Response:
        made = _BY_PATH[path]
        form = TEXTS[made.kind].form()
        form.offer(None, scope)
        if form.is_good():
            with form.refusals():
                actions.create(made.kind, form.load(made.new, form.typed()), scope, None)
                notice(gettext("Saved."))
                return go(".show_list", path=path)
        return _show("edit.html", path, form.status, form=form, entry=None)

    @bp.form(f"{_PATHS}/<id:entry_id>")
    @bp.needs(_EDIT, shows=_READ)
    def edit(path: str, entry_id: str, scope: Scope[Store]) -> Response:
        made = _BY_PATH[path]
        entry = actions.get(made.kind, entry_id, scope)
        kind_form = TEXTS[made.kind].form
        form = kind_form(known=_known(kind_form, entry))
        form.offer(entry, scope)
        if form.is_good():
            with form.refusals(levels=LevelsStay):
                changes = form.load(made.changes, form.typed())
                actions.edit(made.kind, entry_id, changes, scope, expected=_seen(form))
                notice(gettext("Saved."))
                return go(".show_list", path=path)
        return _show("edit.html", path, form.status, form=form, entry=entry)

    @bp.form(f"{_PATHS}/<id:entry_id>/delete")
    @bp.needs(_EDIT, shows=_READ)
    def delete(path: str, entry_id: str, scope: Scope[Store]) -> Response:
        """Delete one that nobody has now or later; the action counts who has."""
        made = _BY_PATH[path]
        entry = actions.get(made.kind, entry_id, scope)
        form = Form()
        if form.is_good():
            with form.refusals():
                actions.delete(made.kind, entry_id, scope, expected=None)
                notice(gettext("%(name)s is deleted.", name=entry.name))
                return go(".show_list", path=path)
        return _show("delete.html", path, form.status, form=form, entry=entry)

    return bp


def hours_text(minutes: int) -> str:
    """Hours and minutes, such as ``38:30``."""
    return f"{minutes // 60}:{minutes % 60:02}"


def needed_text(skill: Skill, level: int) -> str:
    """A skill from a level on, by their names; of skills without levels, the skill."""
    if not skill.levels:
        return skill.name
    name = skill.levels[level - 1] if level <= len(skill.levels) else str(level)
    if level >= len(skill.levels):
        return gettext("%(skill)s: %(level)s", skill=skill.name, level=name)
    return gettext("%(skill)s: %(level)s or higher", skill=skill.name, level=name)


def _minutes(text: str) -> int | str:
    """Of ``38:30``, ``38.5`` and ``38,5``; what is none of these goes to the schema as it is."""
    hours, colon, rest = text.strip().partition(":")
    try:
        if colon:
            return int(hours) * 60 + int(rest)
        return round(float(hours.replace(",", ".")) * 60)
    except (ValueError, OverflowError):
        return text


def _seen(form: EntryForm) -> int | None:
    text = form.version.data or ""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else -1


def _known(form: type[EntryForm], entry: Entry) -> dict[str, Any]:
    always = {"version": entry.version, "name": entry.name, "description": entry.description}
    return {**always, **form.known(entry)}


def _about(entry: Entry, scope: Scope[Store]) -> str:
    """What the list says of an entry besides its name."""
    match entry:
        case Contract():
            return gettext("%(hours)s hours per week", hours=hours_text(entry.weekly_minutes))
        case Skill():
            return " < ".join(entry.levels)
        case PlanningUnit():
            return entry.time_zone.replace("_", " ")
        case Activity():
            ids = [need.skill_id for need in entry.required_skills]
            skills = scope.store.catalogues.of("skill").some(ids) if ids else {}
            needed = [(skills.get(need.skill_id), need.level) for need in entry.required_skills]
            return ", ".join(needed_text(s, n) for s, n in needed if isinstance(s, Skill))
    return ""


def _tabs() -> list[tuple[str, str]]:
    return [(str(TEXTS[made.kind].title), made.path) for made in CATALOGUES]


def _show(template: str, path: str, status: int = 200, **values: Any) -> Response:
    kind = _BY_PATH[path].kind
    return page(f"catalogues/{template}", status, path=path, kind=kind, texts=TEXTS[kind], **values)

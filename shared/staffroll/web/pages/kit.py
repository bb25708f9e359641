"""What the kit's templates ask about fields and entries."""

from __future__ import annotations

from flask import Flask, request
from wtforms import BooleanField, Field, FieldList, HiddenField
from wtforms.csrf.core import CSRFTokenField
from wtforms.fields import RadioField, SelectField

from staffroll.web.pages.boxes import BoxesField
from staffroll.web.pages.forms import Form
from staffroll.web.pages.places import Area, Entry


def kind(field: Field) -> str:
    """How a field is drawn: ``choices``, ``flag``, ``select`` or ``line``."""
    if isinstance(field, RadioField | BoxesField):
        return "choices"
    if isinstance(field, BooleanField):
        return "flag"
    return "select" if isinstance(field, SelectField) else "line"


def is_required(field: Field) -> bool:
    """Whether it must be filled in; said by `InputRequired`, or by the absence of `Optional`."""
    return not field.flags.optional


def first_id(field: Field) -> str:
    """Where a link to a field leads."""
    return f"{field.id}-0" if kind(field) == "choices" else str(field.id)


def fields_with_problems(form: Form) -> list[Field]:
    """The fields that people see, where something is wrong with them."""
    unseen = (CSRFTokenField, HiddenField, FieldList)
    return [field for field in form if field.errors and not isinstance(field, unseen)]


def in_area(area: Area, service: str) -> bool:
    """Whether the present page belongs to the area."""
    return any(entry.service == service for entry in area.entries)


def at_entry(entry: Entry, service: str) -> bool:
    """Whether the present page is the entry's, or below it."""
    here = request.path
    below = f"{entry.path.rstrip('/')}/"
    return entry.service == service and (here == entry.path or here.startswith(below))


def install(app: Flask, service: str) -> None:
    filters = (kind, is_required, first_id, fields_with_problems)
    app.jinja_env.filters.update({filter_.__name__: filter_ for filter_ in filters})
    app.jinja_env.tests["in_area"] = in_area
    app.jinja_env.tests["at_entry"] = lambda entry: at_entry(entry, service)

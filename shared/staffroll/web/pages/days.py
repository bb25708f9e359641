"""Days in forms: typed, or picked in the browser's own calendar."""

from __future__ import annotations

from datetime import date
from typing import Any

from wtforms import Field, StringField
from wtforms.form import BaseForm
from wtforms.validators import StopValidation
from wtforms.widgets import DateInput

from staffroll.web.pages.words import gettext


class DayField(StringField):
    """A day as ISO 8601, which the API's schemas judge; whatever was typed is kept."""

    widget = DateInput()

    def process_data(self, value: Any) -> None:
        """A day that is known already is shown."""
        super().process_data(value.isoformat() if isinstance(value, date) else value)


class Filled:
    """A validator: empty is no day; to an API it would mean something of its own."""

    def __call__(self, form: BaseForm, field: Field) -> None:
        if not field.data:
            raise StopValidation(gettext("Please fill this in."))

"""Any of several, as check boxes."""

from __future__ import annotations

from typing import Any

from wtforms import SelectMultipleField
from wtforms.validators import Optional
from wtforms.widgets import CheckboxInput, ListWidget


class BoxesField(SelectMultipleField):
    """None need be chosen; which may be is judged by the API's schema.

    Args:
        validators: Empty for a field that must be filled in.
    """

    def __init__(
        self, label: Any = None, validators: list[Any] | None = None, **known: Any
    ) -> None:
        super().__init__(
            label,
            [Optional()] if validators is None else validators,
            widget=ListWidget(prefix_label=False),
            option_widget=CheckboxInput(),
            validate_choice=False,
            **known,
        )

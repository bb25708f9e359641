"""Forms: what was typed is kept, everything that is wrong stands at its field, at once.

A form says which fields there are and how they look. What they may hold is said once, by the
schemas of the API (`Form.load`) and by the actions (`Form.refusals`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from http import HTTPStatus
from typing import Any, Final

from flask import request
from marshmallow import Schema, ValidationError
from wtforms import Form as WtForm
from wtforms.i18n import get_translations

from staffroll.errors import FieldError, NotFound, StaffrollError, TooMany, Unavailable
from staffroll.schema_errors import invalid
from staffroll.scope import StepUpNeeded
from staffroll.web.pages import said, words
from staffroll.web.pages.csrf import FIELD as CSRF_FIELD
from staffroll.web.pages.csrf import TokenOfForm
from staffroll.web.problems import status_of

_NOT_OF_THE_FORM: Final = (NotFound, StepUpNeeded)


class Form(WtForm):
    """Filled in from what was sent, else from `known`.

    Attributes:
        problems: What is wrong and belongs to no field.
        status: Of the answer that shows the form.
    """

    class Meta:
        csrf = True
        csrf_class = TokenOfForm
        csrf_field_name = CSRF_FIELD
        locales: Any = None

        def get_translations(self, form: object) -> Any:
            return get_translations([words.current().language])

    def __init__(self, *, sent: bool | None = None, known: Mapping[str, Any] | None = None) -> None:
        """Args:
        sent: Whether the request is about this form; None: whether it is a POST.
        """
        self._is_sent = request.method == "POST" if sent is None else sent
        self.problems: list[str] = []
        self.status = HTTPStatus.OK
        super().__init__(request.form if self._is_sent else None, data=dict(known or {}))

    def is_good(self) -> bool:
        """Whether it was sent, from our page, with values that its fields can hold."""
        if not self._is_sent:
            return False
        is_good = bool(self.validate())
        if not is_good:
            self.status = HTTPStatus.UNPROCESSABLE_ENTITY
            self.problems += [str(text) for text in self[CSRF_FIELD].errors]
        return is_good

    def load(self, schema: type[Schema], values: Mapping[str, Any] | None = None) -> Any:
        """What was typed, as the API's schema reads it; its rules are the form's.

        Args:
            values: In the schema's names; else the fields whose names the schema knows, without
                those that were left empty.
        Raises:
            Invalid: By field; within `refusals` it lands at the fields.
        """
        reader = schema()
        given = self._filled_in(reader) if values is None else dict(values)
        try:
            return reader.load(given)
        except ValidationError as error:
            raise invalid(error.messages_dict) from error

    @contextmanager
    def refusals(
        self, but: type[StaffrollError] | None = None, **at: type[StaffrollError]
    ) -> Iterator[None]:
        """Put what the block is refused with to the fields; what follows it shows the form again.

        ::

            if form.is_good():
                with form.refusals(current_password=CurrentPasswordWrong):
                    actions.change(...)
                    return go("account.show")
            return page("account.html", form.status, form=form)

        That there is no such thing, and that the password is asked for once more, is no
        business of the form's and goes on as an error.

        Args:
            but: Goes on as an error, too.
            at: The field at which an error without fields of its own stands.
        """
        try:
            yield
        except _NOT_OF_THE_FORM:
            raise
        except StaffrollError as error:
            if but is not None and isinstance(error, but):
                raise
            self.refuse(error, at)

    def refuse(
        self, error: StaffrollError, at: Mapping[str, type[StaffrollError]] | None = None
    ) -> None:
        """Put an error to the fields that it names, or to the form."""
        is_temporary = isinstance(error, TooMany | Unavailable)
        self.status = status_of(type(error)) if is_temporary else HTTPStatus.UNPROCESSABLE_ENTITY
        field = next((name for name, kind in (at or {}).items() if isinstance(error, kind)), None)
        if field is not None and not error.errors:
            self.say_at(field, [said.of_error(error)])
        elif not error.errors:
            self.problems.append(said.of_error(error))
        for path, found in error.errors.items():
            self._place(path, found)

    def _place(self, path: str, found: Sequence[FieldError]) -> None:
        texts = [said.of_field(item) for item in found]
        for name, below in _holders(path):
            if name in self._fields:
                self.say_at(name, [self.located(name, below, text) for text in texts])
                return
        self.problems += texts

    def located(self, name: str, below: str, text: str) -> str:
        """What is wrong with a part of a field; to be overridden where a field holds several.

        Args:
            below: The part, such as ``1.title``; empty for the whole field.
        """
        return text

    def say_at(self, name: str, texts: Sequence[str]) -> None:
        """Say what is wrong with a field."""
        field = self[name]
        field.errors = list(dict.fromkeys([*field.errors, *texts]))

    def _filled_in(self, schema: Schema) -> dict[str, Any]:
        known = {field.data_key or name for name, field in schema.fields.items()}
        return {
            name: value
            for name, value in self.data.items()
            if name in known and value not in (None, "", [])
        }


def _holders(path: str) -> Iterator[tuple[str, str]]:
    """What the field may be called that an error belongs to, the nearest first, and the rest.

    A field of a part is called after both: `address_city` is the address's city. One that is
    made from a plugin's schema is called by its whole path, since names of strangers could
    otherwise be taken for each other.
    """
    parts = path.split(".")
    for count in range(len(parts), 0, -1):
        below = ".".join(parts[count:])
        yield ".".join(parts[:count]), below
        yield "_".join(parts[:count]), below

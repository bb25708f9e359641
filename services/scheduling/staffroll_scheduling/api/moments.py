"""Moments as clients send them: RFC 3339, in UTC or with an offset."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any, Final

from marshmallow import ValidationError

from staffroll.errors import FieldError
from staffroll.web.fields import Instant
from staffroll_scheduling.domain.membership import FIRST_DAY, LAST_DAY

_FORM: Final = re.compile(
    r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d{1,6})?([Zz]|[+-]\d\d:\d\d)", re.ASCII
)
_DESCRIPTION: Final = "RFC 3339 in UTC (`Z`) or with an offset."


class Moment(Instant):
    """A moment, with ``Z`` or an offset when it is sent, with ``Z`` when it is shown."""

    def __init__(self, description: str = "", **kwargs: Any) -> None:
        metadata = {"description": f"{description} {_DESCRIPTION}".strip(), "maxLength": 40}
        super().__init__(metadata=metadata, **kwargs)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> datetime:
        if not isinstance(value, str) or not _FORM.fullmatch(value):
            raise ValidationError([_problem()])
        try:
            moment = datetime.fromisoformat(value.upper()).astimezone(UTC)
        except (ValueError, OverflowError) as error:
            raise ValidationError([_problem()]) from error
        if not FIRST_DAY < moment.date() < LAST_DAY:
            problem = FieldError("out_of_range", "This is too long ago, or too far ahead.")
            raise ValidationError([problem])
        return moment


def _problem() -> FieldError:
    wording = "Write a moment such as 2026-11-30T08:00:00Z or 2026-11-30T09:00:00+01:00."
    return FieldError("not_a_moment", wording)

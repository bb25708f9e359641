"""One change for many employees (R82): what it is, and how a job carries it. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final, Literal

from staffroll.errors import Conflict, FieldError, Invalid
from staffroll_scheduling.domain.assignments import Assignment, Kind
from staffroll_scheduling.domain.membership_changes import Dates, FutureShifts

KIND: Final = "mass-update"
"""Of the jobs."""

EMPLOYEES_MAX: Final = 10_000
OPEN_MAX: Final = 10

DONE: Final = "done"
REFUSED: Final = "refused"
OUTCOMES: Final = (DONE, REFUSED)

EDIT_EMPLOYEES: Final = "scheduling.employees:edit"
EDIT_MEMBERSHIPS: Final = "scheduling.memberships:edit"


class TooManyEmployees(Invalid):
    code = "too_many_employees"
    wording = "At most {max} employees at once."

    def __init__(self, max_: int) -> None:
        super().__init__(max=max_)


class TooManyMassUpdates(Conflict):
    code = "too_many_mass_updates"
    wording = (
        "No more than {most} mass updates wait or run at a time. Wait for one to end, or cancel it."
    )


class NobodyFound(Invalid):
    code = "nobody_found"
    wording = "Nobody fits this filter."

    def __init__(self) -> None:
        super().__init__(errors={"filter": [FieldError(self.code, self.wording)]})


@dataclass(frozen=True, slots=True)
class Leaving:
    """The newest membership ends.

    Attributes:
        leave_date: The first day without.
        future_shifts: What becomes of the shifts from then on.
    """

    leave_date: date
    future_shifts: FutureShifts

    @property
    def dates(self) -> Dates:
        return Dates({"leave_date": self.leave_date}, self.future_shifts)


@dataclass(frozen=True, slots=True)
class Giving:
    """Something of a catalogue is given.

    Attributes:
        fields: Of an `Assignment`, by name.
    """

    kind: Kind
    fields: Mapping[str, Any]

    def assignment(self, id_: str = "") -> Assignment:
        return Assignment(kind=self.kind, id=id_, **self.fields)


Change = Leaving | Giving


def permission_for(change: Change) -> str:
    """What whoever asks for it needs, and where."""
    return EDIT_MEMBERSHIPS if isinstance(change, Leaving) else EDIT_EMPLOYEES


def to_json(change: Change) -> dict[str, Any]:
    """As a job carries it."""
    if isinstance(change, Leaving):
        day = change.leave_date.isoformat()
        return {"kind": "leave_date", "leave_date": day, "future_shifts": change.future_shifts}
    values = {
        name: value.isoformat() if isinstance(value, date) else value
        for name, value in change.fields.items()
    }
    return {"kind": change.kind, **values}


def from_json(carried: Mapping[str, Any]) -> Change:
    """The reverse of `to_json`."""
    values = dict(carried)
    kind: Kind | Literal["leave_date"] = values.pop("kind")
    if kind == "leave_date":
        return Leaving(date.fromisoformat(values["leave_date"]), values["future_shifts"])
    for name in ("valid_from", "valid_to"):
        if values.get(name) is not None:
            values[name] = date.fromisoformat(values[name])
    return Giving(kind, values)

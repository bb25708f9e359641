"""What scheduling refuses.

::

    Conflict
    └── PersonnelNumberTaken  R7
"""

from __future__ import annotations

from staffroll.errors import Conflict, FieldError


class PersonnelNumberTaken(Conflict):
    code = "personnel_number_taken"
    wording = "Somebody else in this organisation has this personnel number already."

    def __init__(self) -> None:
        super().__init__(errors={"personnel_number": [FieldError(self.code, self.wording)]})

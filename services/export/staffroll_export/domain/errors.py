"""What export refuses.

::

    Invalid
    └── FormatUnknown
    Unavailable
    ├── CatchingUp
    └── TooManyDownloads
"""

from __future__ import annotations

from staffroll.errors import FieldError, Invalid, Unavailable


class FormatUnknown(Invalid):
    code = "format_unknown"
    wording = "There is no export format of this name."

    def __init__(self) -> None:
        super().__init__(errors={"format": [FieldError(self.code, self.wording)]})


class CatchingUp(Unavailable):
    code = "catching_up"
    wording = "The export does not know all users yet. Try again soon."


class TooManyDownloads(Unavailable):
    code = "too_many_downloads"
    wording = "Too many downloads are running at the moment. Try again soon."

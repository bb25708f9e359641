"""What export refuses.

::

    Invalid
    └── FormatUnknown
    Unavailable
    └── TooManyDownloads
"""

from __future__ import annotations

from staffroll.errors import FieldError, Invalid, Unavailable


class FormatUnknown(Invalid):
    code = "format_unknown"
    wording = "There is no export format of this name."

    def __init__(self) -> None:
        super().__init__(errors={"format": [FieldError(self.code, self.wording)]})


class TooManyDownloads(Unavailable):
    code = "too_many_downloads"
    wording = "Too many downloads are running at the moment. Try again soon."

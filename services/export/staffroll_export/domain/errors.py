"""What export refuses.

::

    Invalid
    └── FormatUnknown
    Conflict
    ├── FormatMisconfigured
    ├── FormatMissing
    ├── NotMadeYet
    └── TooManyExports
    Unavailable
    ├── CatchingUp
    └── TooManyDownloads
"""

from __future__ import annotations

from staffroll.errors import Conflict, FieldError, Invalid, Unavailable


class FormatUnknown(Invalid):
    code = "format_unknown"
    wording = "There is no export format of this name."

    def __init__(self) -> None:
        super().__init__(errors={"format": [FieldError(self.code, self.wording)]})


class FormatMisconfigured(Conflict):
    code = "format_misconfigured"
    wording = (
        "The plugin {plugin} does not take its settings any more. Have an admin set it up anew."
    )


class FormatMissing(Conflict):
    code = "format_missing"
    wording = (
        "There is no export format of this name here. It may be that of a plugin that is switched "
        "on and not installed: {plugins}."
    )


class NotMadeYet(Conflict):
    code = "not_made_yet"
    wording = "The file is still being made. Look at the export to see how far it is."


class TooManyExports(Conflict):
    code = "too_many_exports"
    wording = "You have {max} exports already. Delete one that you do not need any more."


class CatchingUp(Unavailable):
    code = "catching_up"
    wording = "The export does not know all users yet. Try again soon."


class TooManyDownloads(Unavailable):
    code = "too_many_downloads"
    wording = "Too many downloads are running at the moment. Try again soon."

"""Why accounts refused what another place wished of it, in the reader's language (R6)."""

from __future__ import annotations

from typing import Any, Final

from staffroll.web.pages.forms import Form
from staffroll.web.pages.words import gettext, lazy_gettext
from staffroll.wish import Wish

_BY_CODE: Final[dict[str, Any]] = {
    "account_not_yours": lazy_gettext(
        "This user may do more than you: only an admin changes their e-mail address."
    ),
    "changed_meanwhile": lazy_gettext(
        "Somebody changed this user in Account in the meantime. Look at it again, then repeat it."
    ),
    "email_elsewhere": lazy_gettext("Change this e-mail address in Account, under Users."),
    "email_taken": lazy_gettext(
        "Somebody else in this organisation has this e-mail address already. Users who were "
        "deactivated keep theirs."
    ),
    "forbidden": lazy_gettext("Ask an admin of your organisation for a role that allows it."),
    "last_admin": lazy_gettext(
        "This is the only active admin. Give somebody else admin access first."
    ),
    "plugin_failed": lazy_gettext("A plugin of your organisation failed. Ask an admin for help."),
    "plugin_missing": lazy_gettext(
        "A plugin of your organisation is not installed. Ask an admin for help."
    ),
}
"""What can be said better than by accounts' own sentence, or is not ours to translate."""


def why(wish: Wish) -> str:
    """The reason for the refusal as a whole."""
    return reason(wish.code or "", wish.detail or "")


def show_at(form: Form, wish: Wish) -> None:
    """Put the reasons to the fields that they are about, or else to the form."""
    known = False
    for name, problems in (wish.errors or {}).items():
        texts = [reason(problem["code"], problem["detail"]) for problem in problems]
        if name in form:
            form[name].errors = [*form[name].errors, *texts]
        else:
            form.problems += texts
        known = True
    if not known:
        form.problems.append(why(wish))


def reason(code: str, detail: str) -> str:
    """The same, of a refusal as another place tells it."""
    known = _BY_CODE.get(code)
    return gettext(detail) if known is None else str(known)

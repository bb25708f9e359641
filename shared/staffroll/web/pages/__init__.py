"""What people see in a browser: one look for the pages of all services. See README.md."""

from __future__ import annotations

from staffroll.web.pages.confirming import ConfirmForm
from staffroll.web.pages.forms import Form
from staffroll.web.pages.group import PageGroup
from staffroll.web.pages.install import Pages
from staffroll.web.pages.listing import Listing
from staffroll.web.pages.notices import notice
from staffroll.web.pages.reader import Reader
from staffroll.web.pages.rendering import go, page
from staffroll.web.pages.seen import SeenForm
from staffroll.web.pages.words import gettext, lazy_gettext, ngettext

__all__ = [
    "ConfirmForm",
    "Form",
    "Listing",
    "PageGroup",
    "Pages",
    "Reader",
    "SeenForm",
    "gettext",
    "go",
    "lazy_gettext",
    "ngettext",
    "notice",
    "page",
]

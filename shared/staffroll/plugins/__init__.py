"""All that a plugin imports: the marker for its hooks, and what they are given and give.

::

    from staffroll.plugins import Candidate, Objection, hookimpl

    @hookimpl
    def check_password(candidate: Candidate) -> list[Objection]:
        if "acme" in candidate.password.lower():
            return [Objection("company_name", "The password contains the company's name.")]
        return []

A plugin is a module (or any object) that an entry point in the group ``staffroll.plugins``
names. Which hooks there are stands in `staffroll.plugins.hookspecs`.
"""

from staffroll.plugins.facts import (
    Candidate,
    Description,
    ExportFormat,
    NewUser,
    Objection,
    PublicUser,
    Role,
    RoleChange,
    Row,
    Text,
)
from staffroll.plugins.markers import ENTRY_POINTS, PROJECT, hookimpl

__all__ = [
    "ENTRY_POINTS",
    "PROJECT",
    "Candidate",
    "Description",
    "ExportFormat",
    "NewUser",
    "Objection",
    "PublicUser",
    "Role",
    "RoleChange",
    "Row",
    "Text",
    "hookimpl",
]

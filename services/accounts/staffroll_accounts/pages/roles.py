"""Account › Roles: the list."""

from __future__ import annotations

from dataclasses import dataclass

from flask import Response

from staffroll.web.pages import PageGroup, page
from staffroll_accounts.actions import AccountsScope
from staffroll_accounts.domain.roles import Role
from staffroll_accounts.pages import role_holders
from staffroll_accounts.pages.role_fields import READ
from staffroll_accounts.pages.role_holders import Holders
from staffroll_accounts.pages.role_words import CATEGORIES


@dataclass(frozen=True, slots=True)
class Row:
    """A role as the list shows it."""

    role: Role
    holders: Holders


def roles() -> PageGroup:
    """The list of roles."""
    bp = PageGroup("roles_pages", __name__)

    @bp.get("/roles")
    @bp.needs(READ)
    def show_list(scope: AccountsScope) -> Response:
        found = list(scope.store.roles.all())
        holders = role_holders.count_each([role.id for role in found], scope)
        rows = [Row(role, holders[role.id]) for role in found]
        return page("roles/list.html", rows=rows, categories=CATEGORIES)

    return bp

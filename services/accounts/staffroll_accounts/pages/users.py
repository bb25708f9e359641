"""Account › Users: the tabs, the search, the roles filter."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import Response, request

from staffroll.errors import StaffrollError
from staffroll.search import parse_terms
from staffroll.web.lists import Position
from staffroll.web.pages import Listing, PageGroup, page
from staffroll_accounts.actions import AccountsScope, plugins, sessions
from staffroll_accounts.actions import users as actions
from staffroll_accounts.actions.users import Tab
from staffroll_accounts.api.users import UserQuerySchema
from staffroll_accounts.domain.roles import Role
from staffroll_accounts.domain.users import User


@dataclass(frozen=True, slots=True)
class Row:
    """A user as the list shows them.

    Attributes:
        signed_in_at: When last, as far as sessions of the last weeks tell.
    """

    user: User
    roles: list[str]
    signed_in_at: datetime | None

    @property
    def name(self) -> str:
        """Last name first, as the list is sorted."""
        return ", ".join(filter(None, (self.user.last_name, self.user.first_name)))


def users() -> PageGroup:
    """The pages of users."""
    bp = PageGroup("user_pages", __name__)

    @bp.get("/users")
    @bp.needs("accounts.users:read")
    def show_list(scope: AccountsScope) -> Response:
        listing = Listing(UserQuerySchema)
        try:
            tab = _find(listing.query, scope)
        except StaffrollError as error:
            listing.refuse(error)
            tab = _find({**listing.query, "q": "", "cursor": None}, scope)
        roles = scope.store.roles.all()
        return page(
            "users/list.html",
            listing=listing,
            tab=tab,
            rows=_rows(tab.users, roles, scope),
            roles=roles,
            formats=plugins.export_formats(scope),
            chosen=[role for role in roles if role.id in listing.query["role"]],
            next_cursor=Position(*tab.end).to_cursor() if tab.end else None,
            is_choosing=request.args.get("window") == "roles",
        )

    return bp


def _find(query: dict[str, Any], scope: AccountsScope) -> Tab:
    after = Position.from_cursor(query["cursor"]) if query["cursor"] else None
    return actions.find_tab(
        scope,
        is_billed=query["status"] == "billed",
        terms=parse_terms(query["q"]),
        roles=query["role"],
        after=(after.sort, after.id) if after else None,
        limit=query["limit"],
    )


def _rows(found: list[User], roles: list[Role], scope: AccountsScope) -> list[Row]:
    names = {role.id: role.name for role in roles}
    signed_in = sessions.last_sign_ins([user.id for user in found], scope)
    return [
        Row(
            user,
            sorted(names[id_] for id_ in user.roles if id_ in names),
            signed_in.get(user.id),
        )
        for user in found
    ]

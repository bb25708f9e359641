"""What people see of accounts: signing in, their own account, users, and what admins set up."""

from __future__ import annotations

from pathlib import Path

from staffroll.runtime import Runtime
from staffroll.web.pages import Pages, Reader
from staffroll_accounts.actions import own_account
from staffroll_accounts.here import settings_of, store_of
from staffroll_accounts.pages.account import account
from staffroll_accounts.pages.at_hand import AtHand
from staffroll_accounts.pages.audit import audit
from staffroll_accounts.pages.home import home
from staffroll_accounts.pages.imports import imports
from staffroll_accounts.pages.organisation import organisation
from staffroll_accounts.pages.passwords import passwords
from staffroll_accounts.pages.plugins import plugins
from staffroll_accounts.pages.role import role
from staffroll_accounts.pages.role_creation import role_creation
from staffroll_accounts.pages.role_deletion import role_deletion
from staffroll_accounts.pages.role_reset import role_reset
from staffroll_accounts.pages.roles import roles
from staffroll_accounts.pages.security import security
from staffroll_accounts.pages.session import session
from staffroll_accounts.pages.signing_in import signing_in
from staffroll_accounts.pages.step_up import step_up
from staffroll_accounts.pages.tokens import tokens
from staffroll_accounts.pages.two_factor import two_factor
from staffroll_accounts.pages.user import user
from staffroll_accounts.pages.user_creation import user_creation
from staffroll_accounts.pages.user_deletion import user_deletion
from staffroll_accounts.pages.user_security import user_security
from staffroll_accounts.pages.users import users


def pages(runtime: Runtime, at_hand: AtHand) -> Pages:
    """All pages of accounts."""

    def reader(tenant_id: str, user_id: str) -> Reader | None:
        found = own_account.shown_to(user_id, store_of(runtime, tenant_id))
        return None if found is None else Reader(**found)

    settings = settings_of(runtime)
    siblings = {"scheduling": settings.url_scheduling, "people": settings.url_people}
    return Pages(
        settings=settings,
        folder=Path(__file__).parent,
        reader=reader,
        groups=[
            home(),
            session(at_hand),
            signing_in(at_hand),
            step_up(at_hand),
            passwords(at_hand),
            account(),
            two_factor(at_hand),
            tokens(),
            users(),
            plugins(),
            user_creation(at_hand),
            user(siblings),
            user_security(at_hand),
            user_deletion(siblings),
            imports(),
            security(at_hand),
            organisation(),
            audit(),
            roles(),
            role_creation(siblings),
            role(siblings),
            role_reset(),
            role_deletion(),
        ],
    )

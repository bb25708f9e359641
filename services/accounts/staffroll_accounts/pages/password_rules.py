"""What passwords must be, in the reader's words; stands beside every field for a new one."""

from __future__ import annotations

from staffroll.web.pages import gettext
from staffroll_accounts.actions import AccountsScope
from staffroll_accounts.actions.house_rules import HouseRules
from staffroll_accounts.domain.passwords import MAX_CHARACTERS


def sentences(scope: AccountsScope) -> list[str]:
    """One each for the tenant's rules (R30) and for those of its plugins."""
    rules = HouseRules(scope)
    return [
        gettext(
            "%(min)s to %(max)s characters, in any script, spaces too.",
            min=rules.policy.min_characters,
            max=MAX_CHARACTERS,
        ),
        gettext("Not one that many people use, such as a common word with a year behind it."),
        gettext("Not made of your name or e-mail address."),
        *rules.plugins.describe_password_policy(scope.language),
    ]

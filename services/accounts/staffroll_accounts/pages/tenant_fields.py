"""Forms about settings of the organisation, which several admins may have open at once."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

from wtforms import HiddenField

from staffroll.errors import Forbidden, Stale
from staffroll.web.pages import Form, gettext
from staffroll.web.pages.words import language_name, number
from staffroll_accounts.actions import AccountsScope, tenants
from staffroll_accounts.api.tenant import TenantChangesSchema
from staffroll_accounts.domain.tenants import Tenant, tidy_languages

READ: Final = "accounts.tenant:read"
EDIT: Final = "accounts.tenant:edit"


def check_may_edit(scope: AccountsScope) -> None:
    """Raises `Forbidden`; asked before the form is, since the page is for readers, too."""
    if not scope.actor.may(EDIT):
        raise Forbidden(permission=EDIT)


class SettingsForm(Form):
    """With what its reader saw of the settings that it shows.

    The tenant has one version for all of its settings; by what was seen, a form is disturbed
    by changes of its own fields alone.
    """

    seen = HiddenField()

    def save(self, wanted: Mapping[str, Any], tenant: Tenant, scope: AccountsScope) -> None:
        """Change what was changed in the form; within `refusals`.

        Args:
            wanted: By the schema's names, all that the form shows.
        Raises:
            Invalid, and as `tenants.edit`.
            Stale: Somebody else changed the same meanwhile; it is said at the fields.
        """
        wished = self.load(TenantChangesSchema, wanted)
        if "languages" in wished:
            wished["languages"] = list(tidy_languages(wished["languages"]))
        known = _plain(tenant, wished)
        seen = self._seen()
        changes = {name: value for name, value in wished.items() if value != seen.get(name)}
        newer = [
            name
            for name, value in changes.items()
            if known[name] not in (seen.get(name, known[name]), value)
        ]
        self.show(tenant, wished)
        for name in newer:
            now = _read_out(known[name])
            said = gettext("Somebody changed this meanwhile. By now it is: %(now)s", now=now)
            self.say_at(name, [said])
        if newer:
            raise Stale
        if changes:
            tenants.edit(changes, scope, expected=tenant.version)

    def show(self, tenant: Tenant, names: Sequence[str] | Mapping[str, Any]) -> None:
        """From now on the reader has seen these settings as they are."""
        self.seen.data = json.dumps(_plain(tenant, names))

    def _seen(self) -> dict[str, Any]:
        try:
            seen = json.loads(self.seen.data or "{}")
        except (ValueError, RecursionError):
            return {}
        return seen if isinstance(seen, dict) else {}


def _plain(tenant: Tenant, names: Sequence[str] | Mapping[str, Any]) -> dict[str, Any]:
    values = {name: getattr(tenant, name) for name in names}
    return {name: list(one) if isinstance(one, tuple) else one for name, one in values.items()}


def _read_out(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(map(language_name, value))
    return number(value) if isinstance(value, int) else str(value)

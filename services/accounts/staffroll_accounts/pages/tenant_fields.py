"""Forms about settings of the organisation, which several admins may have open at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Final

from staffroll.errors import Forbidden
from staffroll.web.pages import SeenForm
from staffroll.web.pages.words import language_name
from staffroll_accounts.actions import AccountsScope, tenants
from staffroll_accounts.api.tenant import TenantChangesSchema
from staffroll_accounts.domain.tenants import Tenant, tidy_languages

READ: Final = "accounts.tenant:read"
EDIT: Final = "accounts.tenant:edit"


def check_may_edit(scope: AccountsScope) -> None:
    """Raises `Forbidden`; asked before the form is, since the page is for readers, too."""
    if not scope.actor.may(EDIT):
        raise Forbidden(permission=EDIT)


class SettingsForm(SeenForm):
    """Some of the tenant's settings.

    Attributes:
        settings: Their names in the schema.
    """

    settings: ClassVar[Sequence[str]] = ()

    def __init__(
        self, tenant: Tenant, *, sent: bool | None = None, known: Mapping[str, Any] | None = None
    ) -> None:
        now = {name: getattr(tenant, name) for name in self.settings}
        super().__init__(now, sent=sent, known={**now, **(known or {})})
        self._tenant = tenant

    def save(self, wanted: Mapping[str, Any], scope: AccountsScope) -> None:
        """Change what was changed in the form; within `refusals`.

        Args:
            wanted: By the schema's names, all that the form shows.
        Raises:
            Invalid, and as `SeenForm.changes` and `tenants.edit`.
        """
        wished = self.load(TenantChangesSchema, wanted)
        if "languages" in wished:
            wished["languages"] = list(tidy_languages(wished["languages"]))
        if changes := self.changes(wished):
            tenants.edit(changes, scope, expected=self._tenant.version)

    def read_out(self, name: str, value: Any) -> str:
        is_language = name == "languages" and isinstance(value, str)
        return language_name(value) if is_language else super().read_out(name, value)

"""Account › Organisation: its name, its languages, its time zone."""

from __future__ import annotations

from typing import Any, Final

from flask import Response
from wtforms import SelectField, StringField
from wtforms.validators import Optional

from staffroll.web.pages import PageGroup, choices, gettext, go, lazy_gettext, notice, page
from staffroll.web.pages.boxes import BoxesField
from staffroll_accounts.actions import AccountsScope, tenants
from staffroll_accounts.domain.tenants import Tenant
from staffroll_accounts.pages.tenant_fields import EDIT, READ, SettingsForm, check_may_edit

OFTEN_SPOKEN: Final = [
    "ar",
    "bg",
    "cs",
    "da",
    "de",
    "el",
    "en",
    "es",
    "et",
    "fi",
    "fr",
    "hr",
    "hu",
    "it",
    "lt",
    "lv",
    "nb",
    "nl",
    "pl",
    "pt",
    "ro",
    "ru",
    "sk",
    "sl",
    "sr",
    "sv",
    "tr",
    "uk",
]
"""What stands in the list to choose from; any other language is typed."""


class OrganisationForm(SettingsForm):
    settings = ("name", "languages", "time_zone")

    name = StringField(lazy_gettext("Name of the organisation"))
    time_zone = SelectField(lazy_gettext("Time zone"), validate_choice=False)
    language = SelectField(lazy_gettext("Language of new users"), validate_choice=False)
    languages = BoxesField(lazy_gettext("Offered languages"))
    further = StringField(lazy_gettext("Further languages"), [Optional()])

    def __init__(self, tenant: Tenant) -> None:
        super().__init__(tenant, known={"language": tenant.languages[0]})
        chosen = [self.language.data or "", *(self.languages.data or ())]
        tags = dict.fromkeys(tag for tag in (*tenant.languages, *OFTEN_SPOKEN, *chosen) if tag)
        by_name = sorted(choices.languages(tags).items(), key=lambda item: item[1].casefold())
        self.language.choices = dict(by_name)
        self.languages.choices = dict(by_name)
        self.time_zone.choices = choices.time_zones(self.time_zone.data or "")

    def typed(self) -> dict[str, Any]:
        """In the schema's names; the language of new users is the first of all.

        The others stay in the tenant's order, so that who touches nothing changes nothing.
        """
        first = [self.language.data] if self.language.data else []
        ticked = self.languages.data or []
        kept = [tag for tag in self._tenant.languages if tag in ticked]
        further = [tag for text in (self.further.data or "").split(",") if (tag := text.strip())]
        return {
            "name": self.name.data or "",
            "time_zone": self.time_zone.data or "",
            "languages": list(dict.fromkeys([*first, *kept, *ticked, *further])),
        }


def organisation() -> PageGroup:
    """The page of the organisation."""
    bp = PageGroup("organisation_pages", __name__)

    @bp.form("/organisation")
    @bp.needs(READ)
    def show(scope: AccountsScope) -> Response:
        tenant = tenants.get(scope)
        form = OrganisationForm(tenant)
        if form.is_good():
            check_may_edit(scope)
            with form.refusals():
                form.save(form.typed(), scope)
                notice(gettext("Saved."))
                return go(".show")
        return page(
            "organisation/show.html",
            form.status,
            form=form,
            tenant=tenant,
            may_edit=scope.actor.may(EDIT),
        )

    return bp

"""New users get roles by their e-mail domain or by where they were created."""

from __future__ import annotations

from typing import Any

from marshmallow import Schema, fields, validate

from staffroll.plugins import Description, NewUser, hookimpl

_PLACES = ("accounts", "scheduling", "people")
_names = fields.List(fields.String(), validate=validate.Length(min=1))


class Settings(Schema):
    """Roles are named as in the role list; a name that is none is passed over."""

    by_domain = fields.Dict(
        keys=fields.String(),
        values=_names,
        load_default=dict,
        metadata={
            "title": {"en": "By e-mail domain", "de": "Nach E-Mail-Domain"},
            "description": {"en": "Role names by domain.", "de": "Namen von Rollen je Domain."},
            "example": {"example.org": ["Agent"]},
        },
    )
    by_place = fields.Dict(
        keys=fields.String(validate=validate.OneOf(_PLACES)),
        values=_names,
        load_default=dict,
        metadata={
            "title": {"en": "By place", "de": "Nach Ort"},
            "description": {
                "en": "Role names by where users are created: accounts, scheduling or people.",
                "de": "Namen von Rollen danach, wo Benutzer angelegt werden: accounts, scheduling "
                "oder people.",
            },
            "example": {"people": ["Agent"]},
        },
    )


@hookimpl
def describe_plugin() -> Description:
    return Description(
        title={"de": "Rollen für neue Benutzer"},
        summary={
            "de": "Neue Benutzer bekommen Rollen nach ihrer E-Mail-Domain oder danach, wo sie angelegt wurden"
        },
    )


@hookimpl
def settings_schema() -> type[Schema]:
    return Settings


@hookimpl
def default_roles(user: NewUser, settings: Any) -> list[str]:
    domain = user.user.email.rpartition("@")[2].casefold()
    by_domain = {name.casefold(): names for name, names in settings["by_domain"].items()}
    wanted = [*by_domain.get(domain, ()), *settings["by_place"].get(user.created_in, ())]
    keys = {name.casefold() for name in wanted}
    return [role.id for role in user.known if role.name.casefold() in keys]

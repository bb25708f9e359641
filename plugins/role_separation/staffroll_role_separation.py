"""Roles that exclude each other, that few may have, or that need a second factor."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from marshmallow import Schema, fields, validate

from staffroll.plugins import Description, Objection, Role, RoleChange, Text, hookimpl


class Settings(Schema):
    """Roles are named as in the role list; upper and lower case do not matter."""

    exclusive = fields.List(
        fields.List(fields.String(), validate=validate.Length(equal=2)),
        load_default=list,
        metadata={
            "title": {"en": "Exclude each other", "de": "Schließen einander aus"},
            "description": {
                "en": "Pairs that nobody has both of.",
                "de": "Paare, von denen niemand beide hat.",
            },
            "example": [["Planner", "Finance"]],
        },
    )
    max_holders = fields.Dict(
        keys=fields.String(),
        values=fields.Integer(validate=validate.Range(min=1)),
        load_default=dict,
        metadata={
            "title": {"en": "At most", "de": "Höchstens"},
            "description": {
                "en": "How many may have a role.",
                "de": "Wie viele eine Rolle haben dürfen.",
            },
            "example": {"Planner": 3},
        },
    )
    two_factor_roles = fields.List(
        fields.String(),
        load_default=list,
        metadata={
            "title": {"en": "Second factor", "de": "Zweiter Faktor"},
            "description": {
                "en": "Roles for who has one set up.",
                "de": "Rollen für Personen, die einen eingerichtet haben.",
            },
        },
    )
    admin_email_domains = fields.List(
        fields.String(),
        load_default=list,
        metadata={
            "title": {"en": "Admins from", "de": "Admins von"},
            "description": {
                "en": "E-mail domains that may have admin access; empty for any.",
                "de": "E-Mail-Domains, die Admin-Zugriff haben dürfen; leer für alle.",
            },
        },
    )


@hookimpl
def describe_plugin() -> Description:
    return Description(
        title={"de": "Rollentrennung"},
        summary={
            "de": "Rollen, die einander ausschließen, die nur wenige haben dürfen oder die einen zweiten Faktor brauchen"
        },
    )


@hookimpl
def settings_schema() -> type[Schema]:
    return Settings


@hookimpl
def check_roles(change: RoleChange, settings: Any) -> list[Objection]:
    return [
        *_both(change, settings["exclusive"]),
        *_too_many(change, settings["max_holders"]),
        *_without_second_factor(change, settings["two_factor_roles"]),
        *_from_elsewhere(change, settings["admin_email_domains"]),
    ]


def _both(change: RoleChange, pairs: list[list[str]]) -> Iterator[Objection]:
    after = {_key(role.name): role.name for role in change.after}
    for one, other in pairs:
        if _key(one) in after and _key(other) in after:
            text: Text = {
                "en": f"Nobody can be both {one} and {other}.",
                "de": f"Niemand kann zugleich {one} und {other} sein.",
            }
            yield Objection("exclusive", text)


def _too_many(change: RoleChange, most: dict[str, int]) -> Iterator[Objection]:
    limits = {_key(name): limit for name, limit in most.items()}
    for role in _gained(change):
        limit = limits.get(_key(role.name))
        if limit is not None and change.holders(role.id) >= limit:
            text: Text = {
                "en": f"At most {limit} can be {role.name}.",
                "de": f"Höchstens {limit} können {role.name} sein.",
            }
            yield Objection("too_many_holders", text)


def _without_second_factor(change: RoleChange, names: list[str]) -> Iterator[Objection]:
    if change.has_two_factor:
        return
    wanted = {_key(name) for name in names}
    for role in _gained(change):
        if _key(role.name) in wanted:
            text: Text = {
                "en": f"{role.name} is for who has set up a second factor.",
                "de": f"{role.name} ist für Personen mit eingerichtetem zweiten Faktor.",
            }
            yield Objection("second_factor_needed", text)


def _from_elsewhere(change: RoleChange, domains: list[str]) -> Iterator[Objection]:
    gains = change.is_admin and not change.user.is_admin
    domain = change.user.email.rpartition("@")[2]
    if gains and domains and _key(domain) not in {_key(one) for one in domains}:
        listed = ", ".join(domains)
        text: Text = {
            "en": f"Admin access is for e-mail addresses of: {listed}.",
            "de": f"Admin-Zugriff ist für E-Mail-Adressen von: {listed}.",
        }
        yield Objection("admin_domain", text)


def _gained(change: RoleChange) -> Iterator[Role]:
    had = {role.id for role in change.before}
    return (role for role in change.after if role.id not in had)


def _key(name: str) -> str:
    return name.strip().casefold()

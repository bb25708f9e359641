"""``/v1/plugins``: what is installed, and what the organisation makes of it (plugins.md)."""

from __future__ import annotations

from typing import Any, Final

from marshmallow import Schema, fields, validate

from staffroll.errors import NotFound, OutboxFull
from staffroll.plugins.errors import PluginFailed
from staffroll.plugins.facts import in_language
from staffroll.plugins.sealing import NoPluginKey
from staffroll.web.guard import asked_language
from staffroll.web.resource import Resource
from staffroll.web.schemas import settings_schema
from staffroll_accounts.actions import AccountsScope
from staffroll_accounts.actions import plugins as actions
from staffroll_accounts.actions.plugins import TenantPlugin
from staffroll_accounts.domain.errors import PluginBroken, PluginSettingsTooLarge

_STATES: Final = ["off", "on", "missing", "broken", "needs_settings"]


class PluginSettingsSchema(Schema):
    """Settings of a plugin."""

    settings = fields.Dict(
        keys=fields.String(),
        load_default=dict,
        metadata={
            "description": "All of them, as `settings_schema` says; a secret one that is left "
            "out or null stays as it was.",
            "example": {},
        },
    )


class PluginSchema(Schema):
    """A plugin, as this organisation has it."""

    name = fields.String(required=True)
    state = fields.String(
        required=True,
        validate=validate.OneOf(_STATES),
        metadata={
            "description": "`missing`: switched on and not installed any more, so that checks of "
            "passwords and roles refuse everything. `broken`: installed and left out. "
            "`needs_settings`: it does not take its settings any more."
        },
    )
    reason = fields.String(required=True, allow_none=True)
    release = fields.String(required=True, metadata={"description": "Its version."})
    summary = fields.Function(
        lambda plugin: in_language(plugin.description.summary, asked_language()), required=True
    )
    hooks = fields.Function(lambda plugin: sorted(plugin.hooks), required=True)
    settings = fields.Dict(
        keys=fields.String(),
        required=True,
        metadata={"description": "As filled in; null for a secret that is set."},
    )
    settings_schema = fields.Function(
        lambda plugin: settings_schema(plugin.schema, asked_language()) if plugin.schema else None,
        required=True,
        metadata={
            "description": "JSON Schema (2020-12), its words in the language of "
            "`Accept-Language`; null for a plugin without settings."
        },
    )


class PluginsSchema(Schema):
    """All plugins, by name."""

    items = fields.List(fields.Nested(PluginSchema), required=True)


def plugins() -> Resource:
    """The routes of ``/v1/plugins``."""
    bp = Resource("plugins", __name__, description="Plugins, switched on and set up.")

    @bp.get("/plugins")
    @bp.needs("accounts.plugins:read")
    @bp.answers(PluginsSchema, refuses=[NotFound])
    def list_plugins(scope: AccountsScope) -> dict[str, Any]:
        """List what is installed, and what is switched on."""
        return {"items": actions.find_all(scope)}

    @bp.get("/plugins/<plugin:name>")
    @bp.needs("accounts.plugins:read")
    @bp.answers(PluginSchema, refuses=[NotFound], with_etag=True)
    def get_plugin(name: str, scope: AccountsScope) -> TenantPlugin:
        """Read a plugin and its settings."""
        return actions.get(name, scope)

    @bp.put("/plugins/<plugin:name>")
    @bp.needs("accounts.plugins:edit", fresh=True)
    @bp.expects_version()
    @bp.accepts(PluginSettingsSchema)
    @bp.answers(
        PluginSchema,
        refuses=[
            NotFound,
            PluginBroken,
            PluginFailed,
            PluginSettingsTooLarge,
            NoPluginKey,
            OutboxFull,
        ],
        with_etag=True,
    )
    def put_plugin(
        body: dict[str, Any], name: str, scope: AccountsScope, expected: int | None
    ) -> TenantPlugin:
        """Switch a plugin on, or change its settings; every service learns of it by
        `tenant.updated`."""
        return actions.switch_on(name, body["settings"], scope, expected=expected)

    @bp.delete("/plugins/<plugin:name>")
    @bp.needs("accounts.plugins:edit", fresh=True)
    @bp.expects_version()
    @bp.answers(None, 204, refuses=[NotFound, OutboxFull])
    def delete_plugin(name: str, scope: AccountsScope, expected: int | None) -> None:
        """Switch a plugin off; its settings are forgotten."""
        actions.switch_off(name, scope, expected=expected)

    return bp

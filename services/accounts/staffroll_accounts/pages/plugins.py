"""Account › Plugins: what is installed, switched on, set up, switched off."""

from __future__ import annotations

from typing import Final

from flask import Response

from staffroll.web.pages import ConfirmForm, PageGroup, gettext, go, notice, page
from staffroll_accounts.actions import AccountsScope
from staffroll_accounts.actions import plugins as actions
from staffroll_accounts.actions.plugins import TenantPlugin
from staffroll_accounts.pages import plugin_form, plugin_words

READ: Final = "accounts.plugins:read"
EDIT: Final = "accounts.plugins:edit"

_UNUSABLE: Final = ("missing", "broken")


def plugins() -> PageGroup:
    """The pages of plugins."""
    bp = PageGroup("plugin_pages", __name__)
    bp.app_template_filter("plugin_title")(plugin_words.called)
    bp.app_template_filter("plugin_kinds")(plugin_words.kinds)

    @bp.get("/plugins")
    @bp.needs(READ)
    def show_list(scope: AccountsScope) -> Response:
        found = sorted(actions.find_all(scope), key=lambda one: (not one.is_on, one.name))
        return page(
            "plugins/list.html",
            plugins=found,
            in_trouble=[one for one in found if one.is_on and one.state != "on"],
        )

    @bp.get("/plugins/<plugin:name>")
    @bp.needs(READ)
    def show(name: str, scope: AccountsScope) -> Response:
        plugin = actions.get(name, scope)
        return page(
            "plugins/show.html",
            plugin=plugin,
            settings=_read_out(plugin),
            sentences=actions.password_sentences(name, scope),
        )

    @bp.form("/plugins/<plugin:name>/settings")
    @bp.needs(EDIT, shows=READ, fresh=True)
    def set_up(name: str, scope: AccountsScope) -> Response:
        plugin = actions.get(name, scope)
        form = plugin_form.form_of(plugin)
        if form.is_good():
            with form.refusals():
                form.check_seen(form.filled_in())
                actions.switch_on(name, form.given(), scope, expected=plugin.version)
                notice(_done(plugin))
                return go(".show", name=name)
        elif plugin.state in _UNUSABLE:
            return go(".show", name=name)
        return page(
            "plugins/settings.html",
            form.status,
            form=form,
            plugin=plugin,
            help_of=plugin_form.help_of,
        )

    @bp.form("/plugins/<plugin:name>/off")
    @bp.needs(EDIT, shows=READ, fresh=True)
    def switch_off(name: str, scope: AccountsScope) -> Response:
        plugin = actions.get(name, scope)
        title = plugin_words.called(plugin)
        form = ConfirmForm(
            gettext("I understand that %(plugin)s does not apply any more.", plugin=title),
            {"version": plugin.version},
        )
        if form.is_confirmed():
            with form.refusals():
                actions.switch_off(name, scope, expected=plugin.version)
                notice(gettext("%(plugin)s is switched off.", plugin=title))
                # A plugin that is not installed has no page from here on.
                return go(".show_list")
        elif not plugin.is_on:
            return go(".show", name=name)
        return page(
            "plugins/off.html",
            form.status,
            form=form,
            plugin=plugin,
            sentences=actions.password_sentences(name, scope),
        )

    return bp


def _read_out(plugin: TenantPlugin) -> list[tuple[str, str]]:
    """The settings as they are; of one that is switched off, what each is about."""
    return [
        (
            one.label,
            plugin_form.read_out(one, one.kept_in(plugin.settings))
            if plugin.is_on
            else plugin_form.help_of(one) or "–",
        )
        for one in plugin_form.settings_of(plugin)
    ]


def _done(plugin: TenantPlugin) -> str:
    if plugin.is_on:
        return gettext("The settings are saved, and count from now on.")
    return gettext(
        "%(plugin)s is switched on, and counts from now on.",
        plugin=plugin_words.called(plugin),
    )

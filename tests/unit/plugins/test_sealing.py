from __future__ import annotations

import types
from typing import Any

import pytest
from marshmallow import Schema, fields

from staffroll.plugins import Candidate, Objection, hookimpl
from staffroll.plugins.errors import PluginFailed
from staffroll.plugins.installed import BrokenPlugin, Installed, Plugin, plugin_of
from staffroll.plugins.platform import Plugins
from staffroll.plugins.sealing import NoPluginKey, Sealing, shown

KEY, OTHER = "k" * 32, "o" * 32


class Settings(Schema):
    token = fields.String(required=True, metadata={"secret": True})
    limit = fields.Integer(load_default=3)


class Renamed(Schema):
    token = fields.String(required=True, data_key="apiToken", metadata={"secret": True})


class Inner(Schema):
    password = fields.String(metadata={"secret": True})


class Nested(Schema):
    server = fields.Nested(Inner)


class Listed(Schema):
    servers = fields.List(fields.Nested(Inner))


class Account(Schema):
    account = fields.Nested(Schema.from_dict({"user": fields.String()}), metadata={"secret": True})


class Headers(Schema):
    headers = fields.Dict(metadata={"secret": True})


class Tokens(Schema):
    tokens = fields.List(fields.String(), metadata={"secret": True})


class Tree(Schema):
    trees = fields.List(fields.Nested(lambda: Tree()))


class Parent(Schema):
    children = fields.List(fields.Nested(lambda: Parent(exclude=("children",))))


@pytest.fixture
def plugin() -> Plugin:
    return remote(Settings)


def remote(schema: type[Schema]) -> Plugin:
    module = types.ModuleType("remote")

    @hookimpl
    def settings_schema() -> type[Schema]:
        return schema

    @hookimpl
    def check_password(settings: Any) -> list[Objection]:
        return [Objection("token", settings["token"])]

    for hook in (settings_schema, check_password):
        setattr(module, hook.__name__, hook)
    return plugin_of(module, "remote")


def test_a_secret_is_kept_encrypted_and_opened_only_for_the_plugin(plugin: Plugin) -> None:
    sealing = Sealing(KEY)

    kept = sealing.seal(plugin, {"token": "hush", "limit": 5}, {})

    assert "hush" not in str(kept)
    assert kept["limit"] == 5
    assert shown(plugin, kept) == {"token": None, "limit": 5}
    assert sealing.unseal(plugin, kept) == {"token": "hush", "limit": 5}


def test_a_secret_is_known_by_the_name_that_admins_give_it() -> None:
    plugin, sealing = remote(Renamed), Sealing(KEY)

    kept = sealing.seal(plugin, {"apiToken": "hush"}, {})

    assert "hush" not in str(kept)
    assert shown(plugin, kept) == {"apiToken": None}
    assert sealing.unseal(plugin, kept) == {"apiToken": "hush"}


@pytest.mark.parametrize("schema", [Nested, Listed])
def test_a_plugin_with_a_secret_that_would_not_be_encrypted_is_left_out(
    schema: type[Schema],
) -> None:
    with pytest.raises(BrokenPlugin, match="within others"):
        remote(schema)


@pytest.mark.parametrize("schema", [Account, Headers, Tokens])
def test_a_plugin_with_a_secret_that_could_not_be_opened_again_is_left_out(
    schema: type[Schema],
) -> None:
    name = next(iter(schema().fields))

    with pytest.raises(BrokenPlugin, match=f"the secret {name}, which is no single value"):
        remote(schema)


def test_a_plugin_whose_settings_never_end_is_left_out() -> None:
    with pytest.raises(BrokenPlugin, match="stands within itself"):
        remote(Tree)

    assert remote(Parent).schema is Parent


@pytest.mark.parametrize("again", [{}, {"token": None}])
def test_a_secret_that_is_not_named_again_stays(plugin: Plugin, again: dict[str, Any]) -> None:
    sealing = Sealing(KEY)
    before = sealing.seal(plugin, {"token": "hush"}, {})

    kept = sealing.seal(plugin, {**again, "limit": 9}, before)

    assert sealing.unseal(plugin, kept) == {"token": "hush", "limit": 9}


def test_an_older_key_still_opens(plugin: Plugin) -> None:
    kept = Sealing(KEY).seal(plugin, {"token": "hush"}, {})

    assert Sealing(f"{OTHER}, {KEY}").unseal(plugin, kept)["token"] == "hush"


@pytest.mark.parametrize("secrets", ["", OTHER])
def test_without_the_key_nothing_is_set_or_opened(plugin: Plugin, secrets: str) -> None:
    kept = Sealing(KEY).seal(plugin, {"token": "hush"}, {})

    with pytest.raises(NoPluginKey):
        Sealing(secrets).unseal(plugin, kept)
    with pytest.raises(NoPluginKey):
        Sealing().seal(plugin, {"token": "hush"}, {})


def test_a_check_whose_secret_cannot_be_opened_fails_closed(plugin: Plugin) -> None:
    kept = Sealing(KEY).seal(plugin, {"token": "hush"}, {})
    installed = Installed({"remote": plugin}, {})
    candidate = Candidate("correct horse")

    good = Plugins(installed, Sealing(KEY)).of("acme", 1, {"remote": kept})
    bad = Plugins(installed, Sealing(OTHER)).of("acme", 1, {"remote": kept})

    assert [one.text() for one in good.check_password(candidate)] == ["hush"]
    with pytest.raises(PluginFailed):
        bad.check_password(candidate)


def test_settings_are_read_anew_with_each_version_of_the_tenant(plugin: Plugin) -> None:
    sealing = Sealing(KEY)
    plugins = Plugins(Installed({"remote": plugin}, {}), sealing)
    one, two = (
        {"remote": sealing.seal(plugin, {"token": text}, {})} for text in ("first", "second")
    )
    candidate = Candidate("correct horse")

    assert plugins.of("acme", 1, one) is plugins.of("acme", 1, one)
    assert plugins.of("acme", 2, two).check_password(candidate)[0].text() == "second"
    assert plugins.of("other", 1, {}).check_password(candidate) == []

from __future__ import annotations

import importlib.metadata
import types
from collections.abc import Callable
from typing import Any

import pytest
from marshmallow import Schema, fields

from staffroll.plugins import (
    Candidate,
    Description,
    ExportFormat,
    NewUser,
    Objection,
    PublicUser,
    Role,
    RoleChange,
    hookimpl,
)
from staffroll.plugins.errors import PluginFailed, PluginMissing
from staffroll.plugins.installed import BrokenPlugin, Installed, find_installed, plugin_of
from staffroll.plugins.tenant import TenantPlugins
from staffroll.plugins.testing import NoContract, check_contract, objections

PASSWORD = Candidate("correct horse", PublicUser(language="de"))


def module(**hooks: Callable[..., Any]) -> types.ModuleType:
    """A plugin with these hooks."""
    made = types.ModuleType("staffroll_made_up")
    for name, hook in hooks.items():
        setattr(made, name, hookimpl(hook))
    return made


def no(*codes: str) -> types.ModuleType:
    """One that objects to every password."""
    return module(check_password=lambda: [Objection(code, f"No: {code}.") for code in codes])


def plugins(
    enabled: dict[str, dict[str, Any]], **modules: types.ModuleType
) -> tuple[TenantPlugins, list[tuple[str, str, str]]]:
    """A tenant's plugins, and what is observed of their calls."""
    installed = Installed({name: plugin_of(one, name) for name, one in modules.items()}, {})
    seen: list[tuple[str, str, str]] = []
    tenant = TenantPlugins(
        installed, enabled, lambda name, hook, _seconds, how: seen.append((name, hook, how))
    )
    return tenant, seen


def nothing() -> list[Any]:
    return []


SECRET = "correct" + "horse"


def raising() -> Any:
    raise RuntimeError(SECRET)


def test_the_objections_of_all_are_collected_in_the_order_of_their_names() -> None:
    tenant, seen = plugins({"b": {}, "a": {}}, b=no("one"), a=no("two", "three"), c=no("four"))

    found = tenant.check_password(PASSWORD)

    assert [one.code for one in found] == ["a.two", "a.three", "b.one"]
    assert found[0].text() == "No: two."
    assert seen == [("a", "check_password", "done"), ("b", "check_password", "done")]


def test_only_what_the_tenant_enabled_is_called() -> None:
    tenant, seen = plugins({}, a=no("two"))

    assert tenant.check_password(PASSWORD) == []
    assert seen == []


def test_each_plugin_gets_the_tenants_settings_through_its_own_schema() -> None:
    class Least(Schema):
        length = fields.Integer(load_default=8)

    def check(candidate: Candidate, settings: dict[str, Any]) -> list[Objection]:
        fits = len(candidate.password) >= settings["length"]
        return [] if fits else [Objection("short", "Too short.")]

    long = module(settings_schema=lambda: Least, check_password=check)
    strict, _ = plugins({"long": {"length": 20}}, long=long)
    mild, _ = plugins({"long": {}}, long=long)

    assert [one.code for one in strict.check_password(PASSWORD)] == ["long.short"]
    assert mild.check_password(PASSWORD) == []


@pytest.mark.parametrize("result", [None, "no", [42], 7, [Objection("a", "b"), "c"]], ids=repr)
def test_nonsense_refuses_the_change_unless_it_is_nothing(result: Any) -> None:
    tenant, _ = plugins({"odd": {}}, odd=module(check_password=lambda: result))

    if result is None:
        assert tenant.check_password(PASSWORD) == []
    else:
        with pytest.raises(PluginFailed, match="plugin_failed"):
            tenant.check_password(PASSWORD)


def test_what_raises_refuses_the_change_and_says_only_its_name(
    capsys: pytest.CaptureFixture[str],
) -> None:
    tenant, seen = plugins({"bad": {}, "good": {}}, bad=module(check_roles=raising), good=no("x"))

    with pytest.raises(PluginFailed) as refused:
        tenant.check_roles(RoleChange(PublicUser()))

    assert refused.value.data == {"plugin": "bad"}
    assert seen == [("bad", "check_roles", "failed")]
    assert SECRET not in capsys.readouterr().out
    assert [one.code for one in tenant.check_password(PASSWORD)] == ["good.x"]


def test_what_is_enabled_and_not_installed_fails_closed_but_not_for_exports() -> None:
    jsonl = ExportFormat("jsonl", "JSON lines", "application/jsonl", "jsonl", lambda *_: None)
    tenant, _ = plugins({"gone": {}, "jsonl": {}}, jsonl=module(export_formats=lambda: [jsonl]))

    assert tenant.missing == ["gone"]
    assert [one.format.name for one in tenant.export_formats()] == ["jsonl"]
    for ask in (
        lambda: tenant.check_password(PASSWORD),
        lambda: tenant.check_roles(RoleChange(PublicUser())),
        lambda: tenant.default_roles(NewUser(PublicUser())),
    ):
        with pytest.raises(PluginMissing, match="plugin_missing"):
            ask()


def test_settings_that_the_plugin_has_outgrown_fail_closed() -> None:
    tenant, _ = plugins({"plain": {"old": 1}}, plain=no("x"))

    with pytest.raises(PluginFailed):
        tenant.check_password(PASSWORD)


def test_a_policy_is_told_in_the_readers_language_and_without_those_that_fail() -> None:
    texts = module(
        describe_password_policy=lambda: [{"en": "Be long.", "de": "Sei lang."}, "Be kind."]
    )
    tenant, _ = plugins(
        {"a": {}, "bad": {}, "odd": {}},
        a=texts,
        bad=module(describe_password_policy=raising),
        odd=module(describe_password_policy=lambda: 7),
    )

    assert tenant.describe_password_policy("de-AT") == ["Sei lang.", "Be kind."]
    assert tenant.describe_password_policy("fr") == ["Be long.", "Be kind."]


def test_braces_in_a_text_are_braces() -> None:
    tenant, _ = plugins(
        {"a": {}}, a=module(check_password=lambda: [Objection("x", "Use {letters}.")])
    )

    assert tenant.check_password(PASSWORD)[0].text() == "Use {letters}."


def test_default_roles_add_up_and_must_exist() -> None:
    agent, planner = Role("1", "Agent", "agent"), Role("2", "Planner", "planner")
    new = NewUser(PublicUser(), "people", (), (agent, planner))
    tenant, _ = plugins(
        {"a": {}, "b": {}},
        a=module(default_roles=lambda: ["2"]),
        b=module(default_roles=lambda: ["2", "1"]),
    )
    wrong, _ = plugins({"a": {}}, a=module(default_roles=lambda: ["3"]))

    assert tenant.default_roles(new) == ["2", "1"]
    with pytest.raises(PluginFailed):
        wrong.default_roles(new)


class Entry(importlib.metadata.EntryPoint):
    """An entry point that leads to something made up."""

    def load(self) -> Any:
        return MADE_UP[self.value]()


class Titled(Schema):
    inner = fields.List(fields.String(metadata={"title": {"en": 7}}))


class Labelled(Schema):
    word = fields.String(metadata={"labels": ["a"]})


def broken_at_import() -> Any:
    raise ImportError("no such thing")


MADE_UP: dict[str, Callable[[], Any]] = {
    "good": lambda: no("x"),
    "import": broken_at_import,
    "unknown": lambda: module(check_pasword=nothing),
    "arguments": lambda: module(check_password=lambda candidate, colour: []),
    "empty": lambda: module(),
    "schema": lambda: module(settings_schema=lambda: 7, check_password=nothing),
    "title": lambda: module(settings_schema=lambda: Titled, check_password=nothing),
    "labels": lambda: module(settings_schema=lambda: Labelled, check_password=nothing),
    "summary": lambda: module(describe_plugin=lambda: "Guter", check_password=nothing),
    "text": lambda: module(describe_plugin=lambda: Description({"de": 7}), check_password=nothing),  # type: ignore[dict-item]
    "format": lambda: module(export_formats=lambda: [7]),
    "csv": lambda: module(
        export_formats=lambda: [ExportFormat("csv", "Mine", "text/csv", "csv", lambda *_: None)]
    ),
}


def entry(name: str, value: str) -> Entry:
    return Entry(name, value, "staffroll.plugins")


@pytest.mark.parametrize(
    ("kind", "reason"),
    [
        ("import", "ImportError"),
        ("unknown", "unknown hook 'check_pasword' in plugin bad"),
        ("arguments", "colour"),
        ("empty", "implements no hook"),
        ("schema", "no class of marshmallow.Schema"),
        ("title", "words of inner that are no texts"),
        ("labels", "words of word that are no texts"),
        ("summary", "describe_plugin gives no Description"),
        ("text", "describe_plugin gives words that are no texts"),
        ("format", "no ExportFormat"),
        ("csv", "an export format csv already"),
    ],
)
def test_a_broken_plugin_is_left_out_and_named_and_the_others_work(kind: str, reason: str) -> None:
    found = find_installed([entry("bad", kind), entry("good", "good")])

    assert list(found.plugins) == ["good"]
    assert reason in found.broken["bad"]


def test_two_plugins_of_one_name_are_both_left_out() -> None:
    found = find_installed([entry("same", "good"), entry("same", "good")])

    assert list(found.plugins) == []
    assert "two distributions" in found.broken["same"]


def test_plugins_of_this_environment_can_be_loaded() -> None:
    assert find_installed().broken == {}


def test_the_contract_finds_what_raises_on_odd_input() -> None:
    def check(candidate: Candidate) -> list[Objection]:
        return [Objection("x", "X.")] if candidate.password[0] == "x" else []

    with pytest.raises(NoContract, match="check_password: IndexError"):
        check_contract(module(check_password=check))


def test_the_contract_finds_a_format_that_collects_its_rows() -> None:
    def collects(rows: Any, out: Any, _settings: Any) -> None:
        out.write(repr(list(rows)).encode())

    def streams(rows: Any, out: Any, _settings: Any) -> None:
        for row in rows:
            out.write(repr(row).encode())

    def format_of(write: Any) -> types.ModuleType:
        return module(export_formats=lambda: [ExportFormat("f", "F", "text/plain", "f", write)])

    check_contract(format_of(streams))
    with pytest.raises(NoContract, match="the format f keeps"):
        check_contract(format_of(collects))


def test_the_contract_wants_settings_where_some_are_needed() -> None:
    class Needs(Schema):
        word = fields.String(required=True)

    picky = module(settings_schema=lambda: Needs, check_password=nothing)

    check_contract(picky, {"word": "acme"})
    with pytest.raises(NoContract, match="settings are refused"):
        check_contract(picky)


def test_a_plugin_author_asks_for_objections_in_one_line() -> None:
    assert objections(no("a", "b"), PASSWORD) == ["a", "b"]
    with pytest.raises(BrokenPlugin):
        objections(module(), PASSWORD)


def test_a_name_that_cannot_stand_in_an_address_is_none() -> None:
    with pytest.raises(BrokenPlugin, match="its name"):
        plugin_of(no("one"), "a/b")

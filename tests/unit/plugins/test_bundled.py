"""The plugins that come with the product, each through the contract of all plugins."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import re
import shlex
import zipfile
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
from click.testing import CliRunner

import staffroll_export_csv_custom
import staffroll_export_jsonl
import staffroll_export_xlsx
import staffroll_password_breached
import staffroll_password_history
import staffroll_password_strength
import staffroll_role_defaults
import staffroll_role_separation
from staffroll.cli import main
from staffroll.plugins import Candidate, NewUser, PublicUser, Role, RoleChange
from staffroll.plugins.installed import Installed, find_installed, plugin_of
from staffroll.plugins.tenant import TenantPlugins, load_settings
from staffroll.plugins.testing import ANNA, ROWS, check_contract, objections, written
from staffroll.web.schemas import settings_schema

BUNDLED = [
    staffroll_export_csv_custom,
    staffroll_export_jsonl,
    staffroll_export_xlsx,
    staffroll_password_breached,
    staffroll_password_history,
    staffroll_password_strength,
    staffroll_role_defaults,
    staffroll_role_separation,
]
AGENT = Role("1", "Agent", "agent")
PLANNER = Role("2", "Planner", "planner")
FINANCE = Role("3", "Finance", "finance")


@pytest.mark.parametrize("plugin", BUNDLED, ids=lambda plugin: plugin.__name__)
def test_each_keeps_the_contract(plugin: Any) -> None:
    check_contract(plugin)


@pytest.mark.parametrize("module", BUNDLED, ids=lambda plugin: plugin.__name__)
def test_each_speaks_german_too(module: Any) -> None:
    plugin = find_installed().plugins[module.__name__.removeprefix("staffroll_")]
    about = plugin.description
    assert about.title["de"]
    said = [about.summary, *(one.title for one in plugin.formats if one.name != "xlsx")]
    for one in plugin.schema().fields.values() if plugin.schema else ():
        said += [one.metadata["title"], one.metadata.get("description", {"en": "", "de": ""})]
        said += [text for text in one.metadata.get("labels", {}).values() if " " in str(text)]

    assert said
    assert all(set(text) == {"en", "de"} for text in said), said
    if plugin.schema:
        shown = settings_schema(plugin.schema, "de-CH")
        jsonschema_rs.meta.validate(shown)
        titles = {name: one["title"] for name, one in shown["properties"].items()}
        kept = plugin.schema().fields.items()
        assert titles == {name: one.metadata["title"]["de"] for name, one in kept}


def test_all_are_installed_and_each_has_a_readme() -> None:
    folder = Path(__file__).parents[3] / "plugins"
    names = {path.parent.name for path in folder.glob("*/pyproject.toml")}

    assert names == {one.__name__.removeprefix("staffroll_") for one in BUNDLED}
    assert names <= set(find_installed().plugins)
    assert all((folder / name / "README.md").exists() for name in names)


@pytest.mark.parametrize("module", BUNDLED, ids=lambda plugin: plugin.__name__)
def test_each_readme_names_every_setting_and_format_and_its_command_works(module: Any) -> None:
    plugin = plugin_of(module, "x")
    readme = (Path(module.__file__).parent / "README.md").read_text()

    for setting in plugin.schema().fields if plugin.schema else ():
        assert f"`{setting}`" in readme
    for one in plugin.formats:
        assert f"format={one.name}`" in readme
    commands = re.findall(r"^staffroll ((?:.*\\\n)*.*)$", readme, re.MULTILINE)
    assert commands or plugin.formats
    for command in commands:
        done = CliRunner().invoke(main, shlex.split(command.replace("\\\n", " ")))
        assert done.output
        assert "Error" not in done.output


@pytest.mark.parametrize(
    ("password", "settings", "codes"),
    [
        ("correct horse battery staple", {}, []),
        ("password123456", {}, ["too_easy"]),
        ("annamueller-1984", {"min_score": 4}, ["too_easy"]),
        ("short", {"min_length": 14, "min_score": 0}, ["too_short"]),
        ("alllowercase", {"min_classes": 2, "min_score": 0}, ["too_few_kinds"]),
        ("Äß9 ok", {"min_classes": 4, "min_score": 0}, []),
        ("a", {"min_length": 8, "min_classes": 3}, ["too_short", "too_few_kinds", "too_easy"]),
    ],
)
def test_strength(password: str, settings: dict[str, Any], codes: list[str]) -> None:
    user = PublicUser(first_name="Anna", last_name="Mueller")
    assert objections(staffroll_password_strength, Candidate(password, user), settings) == codes


def test_history_asks_for_as_many_as_the_tenant_wants() -> None:
    asked: list[int] = []

    def was_used(last: int) -> bool:
        asked.append(last)
        return last >= 4

    candidate = Candidate("correct horse", ANNA, was_used)

    assert objections(staffroll_password_history, candidate, {"last": 3}) == []
    assert objections(staffroll_password_history, candidate) == ["used_before"]
    assert asked == [3, 4]


def test_breached_knows_the_commonest_and_what_the_file_has(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = [f"word-{number}" for number in range(500)]
    hashes = sorted(hashlib.sha1(word.encode()).hexdigest().upper() for word in words)
    file = tmp_path / "breached.bin"

    made = staffroll_password_breached.build([f"{one}:7\n" for one in hashes], file)

    assert made == 500
    assert file.stat().st_size == 4_000
    assert objections(staffroll_password_breached, Candidate("password")) == ["breached"]
    monkeypatch.setenv("STAFFROLL_BREACHED_PASSWORDS", str(file))
    for word in (words[0], words[250], words[-1]):
        assert objections(staffroll_password_breached, Candidate(word)) == ["breached"]
    assert objections(staffroll_password_breached, Candidate("word-500")) == []


def test_breached_refuses_a_list_in_another_order(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="line 2 is not in the order"):
        staffroll_password_breached.build(["FF" * 20, "00" * 20], tmp_path / "out")


@pytest.mark.parametrize(
    ("change", "settings", "codes"),
    [
        (
            RoleChange(ANNA, (PLANNER,), (PLANNER, FINANCE)),
            {"exclusive": [["planner", "Finance"]]},
            ["exclusive"],
        ),
        (RoleChange(ANNA, (), (PLANNER,)), {"exclusive": [["Planner", "Finance"]]}, []),
        (
            RoleChange(ANNA, (), (FINANCE,), holders=lambda _: 3),
            {"max_holders": {"finance": 3}},
            ["too_many_holders"],
        ),
        (
            RoleChange(ANNA, (FINANCE,), (FINANCE,), holders=lambda _: 3),
            {"max_holders": {"Finance": 3}},
            [],
        ),
        (
            RoleChange(ANNA, (), (FINANCE,)),
            {"two_factor_roles": ["Finance"]},
            ["second_factor_needed"],
        ),
        (
            RoleChange(ANNA, (), (FINANCE,), has_two_factor=True),
            {"two_factor_roles": ["Finance"]},
            [],
        ),
        (
            RoleChange(ANNA, is_admin=True),
            {"admin_email_domains": ["corp.example"]},
            ["admin_domain"],
        ),
        (RoleChange(ANNA, is_admin=True), {"admin_email_domains": ["ACME.example"]}, []),
    ],
)
def test_separation(change: RoleChange, settings: dict[str, Any], codes: list[str]) -> None:
    assert objections(staffroll_role_separation, change, settings) == codes


def test_default_roles_by_domain_and_place() -> None:
    installed = Installed({"d": plugin_of(staffroll_role_defaults, "d")}, {})
    settings = {
        "by_domain": {"ACME.example": ["planner"]},
        "by_place": {"people": ["Agent", "No such role"]},
    }
    tenant = TenantPlugins(installed, {"d": settings}, lambda *_: None)
    known = (AGENT, PLANNER, FINANCE)

    assert tenant.default_roles(NewUser(ANNA, "people", (), known)) == ["1", "2"]
    assert tenant.default_roles(NewUser(ANNA, "accounts", (), known)) == ["2"]
    assert tenant.default_roles(NewUser(PublicUser(), "accounts", (), known)) == []


def file_of(plugin: Any, settings: dict[str, Any] | None = None) -> bytes:
    found = plugin_of(plugin, "x")
    return written(found.formats[0], load_settings(found, settings or {}))


def test_jsonl_has_every_field_of_every_user() -> None:
    lines = file_of(staffroll_export_jsonl).decode().splitlines()

    assert [json.loads(line)["id"] for line in lines] == ["1", "2", "3"]
    assert json.loads(lines[2])["last_name"] == "李\n"
    assert set(json.loads(lines[0])) == set(ROWS[0]._fields)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "windows-1252"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_custom_csv_is_read_back_in_the_tenants_form(encoding: str, delimiter: str) -> None:
    settings = {
        "encoding": encoding,
        "delimiter": delimiter,
        "columns": [
            {"field": "email", "title": "Mail; here"},
            {"field": "last_name", "title": "=Name"},
            {"field": "is_admin", "title": "Admin"},
        ],
    }

    text = file_of(staffroll_export_csv_custom, settings).decode(encoding)

    rows = list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter))
    assert rows[0] == ["Mail; here", "'=Name", "Admin"]
    assert rows[1] == ["anna@acme.example", "Müller", "yes"]
    assert rows[2][1] == "'=SUM(A1)"
    assert rows[3][1] == ("?\n" if encoding == "windows-1252" else "李\n")


def test_excel_opens_it_and_runs_nothing() -> None:
    with zipfile.ZipFile(io.BytesIO(file_of(staffroll_export_xlsx))) as book:
        assert book.testzip() is None
        sheet = book.read("xl/worksheets/sheet1.xml").decode()

    assert "Müller" in sheet
    assert "=SUM(A1)" in sheet
    assert "<f>" not in sheet
    assert "<autoFilter" in sheet

"""R1: services reach MongoDB through tenant-scoped handles; the sources are read to prove it."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

_SERVICES = Path(__file__).parents[3] / "services"
_DRIVERS = {"pymongo", "bson", "mongomock", "gridfs"}
_HARMLESS = ("pymongo.errors",)

# Chores that go over all tenants by nature, and keys, which belong to none.
_PLATFORM_ROOMS = {
    "store",
    "store.py",
    "cli.py",
    "sync.py",
    "app.py",
    "due.py",
    "demo.py",
    "here.py",
}


def _modules() -> list[Path]:
    return sorted(path for path in _SERVICES.rglob("*.py") if ".venv" not in path.parts)


def _imports(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def _room(path: Path) -> str:
    """The file or folder right under the service's package."""
    return path.relative_to(_SERVICES).parts[2]


@pytest.mark.parametrize("path", _modules(), ids=lambda path: str(path.relative_to(_SERVICES)))
def test_r1_no_service_opens_a_collection_or_client_of_its_own(path: Path) -> None:
    direct = [
        name
        for name in _imports(path)
        if name.split(".")[0] in _DRIVERS and not name.startswith(_HARMLESS)
    ]

    assert direct == []


@pytest.mark.parametrize("path", _modules(), ids=lambda path: str(path.relative_to(_SERVICES)))
def test_r1_only_few_rooms_know_the_platform_handle(path: Path) -> None:
    uses = [
        node
        for node in ast.walk(ast.parse(path.read_text()))
        if (isinstance(node, ast.Attribute) and node.attr == "platform")
        or (isinstance(node, ast.Name) and node.id == "Platform")
    ]

    assert not uses or _room(path) in _PLATFORM_ROOMS


@pytest.mark.parametrize("path", _modules(), ids=lambda path: str(path.relative_to(_SERVICES)))
def test_r1_nothing_looks_behind_a_tenants_handle(path: Path) -> None:
    behind = [
        node.lineno
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Attribute)
        and node.attr in ("_collection", "_database", "_client")
        and not (isinstance(node.value, ast.Name) and node.value.id == "self")
    ]

    assert behind == []

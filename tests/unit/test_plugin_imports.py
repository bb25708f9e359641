"""The import rule of plugins; import-linter would have to be told each plugin's name."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

PLUGINS = Path(__file__).parents[2] / "plugins"


def test_plugins_import_nothing_of_ours_but_staffroll_plugins() -> None:
    found = [
        f"{path.relative_to(PLUGINS)} imports {module}"
        for path in PLUGINS.glob("*/staffroll_*/**/*.py")
        for module in imported(path)
        if is_forbidden(module, own=path.relative_to(PLUGINS).parts[1])
    ]
    found += [
        f"{path.relative_to(PLUGINS)} imports {module}"
        for path in PLUGINS.glob("*/staffroll_*.py")
        for module in imported(path)
        if is_forbidden(module, own=path.stem)
    ]

    assert found == []


def is_forbidden(module: str, own: str) -> bool:
    root = module.partition(".")[0]
    if not root.startswith("staffroll") or root == own:
        return False
    return module != "staffroll.plugins" and not module.startswith("staffroll.plugins.")


def imported(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            if node.module == "staffroll":
                yield from (f"staffroll.{alias.name}" for alias in node.names)
            else:
                yield node.module

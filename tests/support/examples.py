"""The examples of the docs, as files that can be run."""

from __future__ import annotations

import re
from pathlib import Path

DOCS = Path(__file__).parents[2] / "docs"


def example(page: str, name: str) -> str:
    """The block behind ``<!-- example: name -->`` on a page."""
    text = (DOCS / page).read_text()
    found = re.search(rf"<!-- example: {re.escape(name)} -->\n```\w+\n(.*?)```", text, re.DOTALL)
    assert found, f"{page} has no example {name}"
    return found[1]

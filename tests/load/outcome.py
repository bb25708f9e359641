"""What a chapter has found: parts of the page, and pictures."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from tests.load.markdown import PAGE, PICTURES, with_parts


@dataclass(frozen=True, slots=True)
class Outcome:
    """Measured parts of the page by name, and SVG pictures by file name."""

    parts: Mapping[str, str]
    pictures: Mapping[str, str] = field(default_factory=dict)

    def show(self) -> None:
        for name, text in self.parts.items():
            sys.stdout.write(f"\n## {name}\n\n{text}\n")
        sys.stdout.flush()

    def write(self, root: Path) -> None:
        """Put everything into the docs under `root`."""
        page = root / PAGE
        page.write_text(with_parts(page.read_text(), self.parts))
        for name, text in self.pictures.items():
            (root / PICTURES / name).write_text(text)

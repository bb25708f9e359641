"""Prints what pages say that no catalogue translates yet, as entries to paste into one.

    python -m tools.translations

Looks at templates, and in Python at `gettext`, `lazy_gettext`, `ngettext`, and at the sentences
of errors, permissions and schemas. Catalogues are ``pages/translations/<language>/*.po``: any file name
will do, such as one for each page group.
"""

from __future__ import annotations

import ast
import functools
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from babel.messages.pofile import read_po
from jinja2.ext import babel_extract

from staffroll.web.pages.words import LANGUAGES
from staffroll.web.problems import HTTP_CODES

ROOT = Path(__file__).parent.parent
_SAYING = {
    "gettext": 0,
    "lazy_gettext": 0,
    "ngettext": 0,
    "FieldError": 1,
    "Permission": 1,
    "ValidationError": 0,
}
"""Which argument of these is said to people."""
_KEYWORDS = ("_", "gettext", "ngettext")
_OPTIONS = {"newstyle_gettext": "true", "trim_blocks": "true", "lstrip_blocks": "true"}

Said = dict[str, list[str]]
"""Places by what is said there."""


@dataclass
class House:
    """One distribution's sources, and the catalogues beside its pages."""

    sources: Path
    pages: Path
    said: Said = field(default_factory=dict)

    def read(self) -> House:
        for path in sorted(self.sources.rglob("*.py")):
            self._note(path, _said_by_python(path))
        if self.sources == ROOT / "shared/staffroll":
            texts = ((0, text) for _, text in HTTP_CODES.values())
            self._note(self.sources / "web/problems.py", texts)
        for path in sorted(self.pages.rglob("templates/**/*.html")):
            self._note(path, _said_by_template(path))
        return self

    def entries(self, language: str) -> Iterator[tuple[Sequence[str], Sequence[str]]]:
        """What the catalogues translate, and how, each in its forms; none where any is lacking."""
        for file in sorted((self.pages / "translations" / language).glob("*.po")):
            with file.open("rb") as text:
                for message in read_po(text, locale=language):
                    if message.id:
                        done = _forms(message.string)
                        yield _forms(message.id), done if all(done) and not message.fuzzy else ()

    def translated(self, language: str) -> dict[str, bool]:
        """Whether each message of the catalogues has its translation."""
        return {said[0]: bool(done) for said, done in self.entries(language)}

    def _note(self, path: Path, messages: Iterator[tuple[int, str]]) -> None:
        for line, message in messages:
            self.said.setdefault(message, []).append(f"{path.relative_to(ROOT)}:{line}")


@functools.cache
def houses() -> list[House]:
    """The shared library, and every service that has templates."""
    found = [House(ROOT / "shared/staffroll", ROOT / "shared/staffroll/web/pages")]
    found += [
        House(sources, sources / "pages")
        for sources in sorted(ROOT.glob("services/*/staffroll_*"))
        if (sources / "pages" / "templates").is_dir()
    ]
    return [house.read() for house in found]


def missing(language: str) -> Iterator[tuple[House, str, list[str]]]:
    """What is said and not translated, with its places."""
    shared, *services = houses()
    known = shared.translated(language)
    for house in (shared, *services):
        done = {**known, **house.translated(language)}
        for message, at in sorted(house.said.items(), key=lambda item: item[1]):
            if not done.get(message):
                yield house, message, at


def stale(language: str) -> Iterator[tuple[House, str]]:
    """What is translated and said nowhere any more."""
    for house in houses():
        for message in house.translated(language):
            if message not in house.said:
                yield house, message


def _forms(text: str | Sequence[str]) -> Sequence[str]:
    return (text,) if isinstance(text, str) else text


def _said_by_template(path: Path) -> Iterator[tuple[int, str]]:
    with path.open("rb") as template:
        for line, _, message, _ in babel_extract(template, _KEYWORDS, (), _OPTIONS):
            text = message if isinstance(message, str) else message[0]
            if text:
                yield line, text


def _said_by_python(path: Path) -> Iterator[tuple[int, str]]:
    tree = ast.parse(path.read_text())
    constants = {
        target.id: node.value.value
        for node in tree.body
        if isinstance(node, ast.Assign | ast.AnnAssign) and isinstance(node.value, ast.Constant)
        for target in (node.targets if isinstance(node, ast.Assign) else [node.target])
        if isinstance(target, ast.Name)
    }
    for node in ast.walk(tree):
        found = None
        if isinstance(node, ast.Call):
            found = _argument(node)
        elif isinstance(node, ast.ClassDef):
            yield from _wordings(node)
        if isinstance(found, ast.Name):
            found = ast.Constant(constants.get(found.id), lineno=node.lineno)
        if isinstance(found, ast.Constant) and isinstance(found.value, str):
            yield node.lineno, found.value


def _argument(call: ast.Call) -> ast.expr | None:
    name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
    position = _SAYING.get(name)
    is_there = position is not None and len(call.args) > position
    return call.args[position] if is_there and position is not None else None


def _wordings(class_: ast.ClassDef) -> Iterator[tuple[int, str]]:
    for node in class_.body:
        targets = node.targets if isinstance(node, ast.Assign) else []
        targets = [node.target] if isinstance(node, ast.AnnAssign) else targets
        is_wording = any(isinstance(one, ast.Name) and one.id == "wording" for one in targets)
        value = getattr(node, "value", None)
        if is_wording and isinstance(value, ast.Constant) and isinstance(value.value, str):
            yield node.lineno, value.value


def main() -> int:
    """Print what is missing; 1 when there is anything."""
    left = 0
    for language in LANGUAGES[1:]:
        for house, message, at in missing(language):
            left += 1
            sys.stdout.write(f"#: {' '.join(at[:2])}\n")
            sys.stdout.write(
                f"# for {(house.pages / 'translations' / language).relative_to(ROOT)}\n"
            )
            quoted = message.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
            sys.stdout.write(f'msgid "{quoted}"\nmsgstr ""\n\n')
        for house, message in stale(language):
            left += 1
            sys.stdout.write(
                f"# said nowhere any more ({house.pages.relative_to(ROOT)}): {message}\n"
            )
    return 1 if left else 0


if __name__ == "__main__":
    sys.exit(main())

"""`staffroll plugin new`: a small plugin that is complete, for its author to change."""

from __future__ import annotations

import re
from pathlib import Path
from string import Template
from typing import Final

_NAME: Final = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*\Z")

_FILES: Final = {
    "pyproject.toml": """\
[build-system]
requires = ["hatchling"]
build-backend = "hatchling.build"

[project]
name = "staffroll-$name"
version = "0.1.0"
description = "A password policy for Staffroll"
requires-python = ">=3.11"
dependencies = ["staffroll"]

[project.optional-dependencies]
test = ["pytest"]

[project.entry-points."staffroll.plugins"]
$module = "staffroll_$module"

[tool.hatch.build.targets.wheel]
only-include = ["staffroll_$module.py"]
""",
    "staffroll_$module.py": '''\
"""Passwords must not contain words that the organisation has listed."""

from __future__ import annotations

from typing import Any

from marshmallow import Schema, fields, validate

from staffroll.plugins import Candidate, Objection, hookimpl


class Settings(Schema):
    """What an admin of the tenant fills in."""

    words = fields.List(
        fields.String(validate=validate.Length(min=3)),
        load_default=["staffroll"],
        metadata={"title": "Forbidden words", "description": "Upper and lower case do not matter."},
    )


@hookimpl
def settings_schema() -> type[Schema]:
    return Settings


@hookimpl
def check_password(candidate: Candidate, settings: Any) -> list[Objection]:
    password = candidate.password.casefold()
    return [
        Objection("forbidden_word", f"The password contains the word {word}.")
        for word in settings["words"]
        if word.casefold() in password
    ]


@hookimpl
def describe_password_policy(settings: Any) -> list[str]:
    return [f"It does not contain: {', '.join(settings['words'])}."]
''',
    "tests/test_$module.py": """\
import staffroll_$module

from staffroll.plugins import Candidate
from staffroll.plugins.testing import check_contract, objections


def test_it_keeps_the_contract_of_plugins():
    check_contract(staffroll_$module)


def test_a_forbidden_word_is_found_whatever_its_case():
    settings = {"words": ["acme"]}

    assert objections(staffroll_$module, Candidate("My-ACME-password"), settings) == ["forbidden_word"]
    assert objections(staffroll_$module, Candidate("correct horse"), settings) == []
""",
    "README.md": """\
# staffroll-$name

A password policy for Staffroll: no forbidden words.

```
pip install -e '.[test]'
pytest
staffroll plugin try $name check_password --password my-acme-secret --settings '{"words": ["acme"]}'
```

The platform team installs it beside accounts; each organisation switches it on and fills in its
settings.
""",
}


class CannotMake(Exception):
    """`str()` says why, for who asked."""


def make(name: str, parent: Path) -> Path:
    """Write the plugin into ``<parent>/staffroll-<name>``; returns that folder.

    Args:
        name: Such as ``acme-policy``.
    Raises:
        CannotMake: The name is no plugin's, or the folder is there already.
    """
    if not _NAME.match(name):
        raise CannotMake("A name has small letters, digits and single hyphens: acme-policy.")
    folder = parent / f"staffroll-{name}"
    if folder.exists():
        raise CannotMake(f"{folder} is there already; nothing was written.")
    words = {"name": name, "module": name.replace("-", "_")}
    for path, text in _FILES.items():
        file = folder / Template(path).substitute(words)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(Template(text).substitute(words))
    return folder

"""Every error has a name for programs and a sentence for people."""

from __future__ import annotations

import ast
import importlib
import inspect
import pkgutil
import re
import string
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from staffroll.errors import FieldError, Invalid, StaffrollError, TooMany, Unavailable, all_errors
from staffroll.web.problems import status_of
from tests.support.installed import SERVICES

_SERVER_ERROR = 500


def _packages() -> list[str]:
    return ["staffroll", *(f"staffroll_{name}" for name in SERVICES)]


@pytest.fixture(scope="module", autouse=True)
def _everything_is_loaded() -> None:
    for name in _packages():
        package = importlib.import_module(name)
        for module in pkgutil.walk_packages(package.__path__, f"{name}."):
            if not module.name.endswith("__main__"):
                importlib.import_module(module.name)


def _ours() -> list[type[StaffrollError]]:
    ours = {error for error in all_errors() if error.__module__.startswith("staffroll")}
    return sorted(ours, key=lambda error: error.__name__)


def test_every_error_has_a_code_in_snake_case() -> None:
    odd = [error for error in _ours() if not re.fullmatch(r"[a-z]+(_[a-z]+)*", error.code)]

    assert odd == []


def test_no_two_errors_share_a_code() -> None:
    counted = Counter(error.code for error in _ours())

    assert [code for code, count in counted.items() if count > 1] == []


def test_every_error_says_a_whole_sentence() -> None:
    cut_off = [e for e in _ours() if not e.wording[0].isupper() or not e.wording.endswith(".")]

    assert cut_off == []


def test_every_error_belongs_to_a_family_with_an_http_status() -> None:
    homeless = [e for e in _ours() if status_of(e).value == _SERVER_ERROR]

    assert homeless == [StaffrollError]


def test_whoever_makes_an_error_fills_the_placeholders_of_its_wording() -> None:
    errors = {error.__name__: error for error in _ours() if not _fills_itself(error)}

    unfilled = [
        f"{path}:{line}: {name} without {missing}"
        for path, line, name, given in _makings()
        if name in errors and (missing := _placeholders(errors[name]) - given)
    ]

    assert unfilled == []


def test_an_error_that_needs_nothing_says_its_sentence_at_once() -> None:
    plain = [error for error in _ours() if not _placeholders(error) and not _needs(error)]

    assert [error for error in plain if error().detail != error.wording] == []


def test_what_may_be_tried_again_says_when() -> None:
    assert TooMany(30).retry_after_seconds == 30
    assert "30" in TooMany(30).detail
    assert Unavailable().retry_after_seconds > 0


def test_a_field_error_fills_its_own_template() -> None:
    error = FieldError("too_long", "At most {max} characters.", {"max": 100})

    assert error.text() == "At most 100 characters."


def test_an_error_shows_its_code_and_its_sentence() -> None:
    assert str(Invalid()) == "invalid: Some fields are not as they should be."


def _placeholders(error: type[StaffrollError]) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(error.wording) if name}


def _fills_itself(error: type[StaffrollError]) -> bool:
    """Whether its own ``__init__`` hands the placeholders on."""
    own = next(kind for kind in error.__mro__ if "__init__" in kind.__dict__)
    if own is StaffrollError:
        return False
    handed = re.search(
        r"super\(\).__init__\((.*)\)", inspect.getsource(own.__dict__["__init__"]), re.DOTALL
    )
    return handed is not None and all(f"{n}=" in handed[1] for n in _placeholders(error))


def _needs(error: type[StaffrollError]) -> bool:
    parameters = inspect.signature(error).parameters.values()
    named = (p for p in parameters if p.kind not in (p.VAR_KEYWORD, p.VAR_POSITIONAL))
    return any(parameter.default is parameter.empty for parameter in named)


def _makings() -> Iterator[tuple[str, int, str, set[str]]]:
    """Every place that calls or raises a class by name: file, line, name, keywords given."""
    for path in _sources():
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call):
                given = {keyword.arg for keyword in node.keywords if keyword.arg}
                yield path.name, node.lineno, _name(node.func), given
            elif isinstance(node, ast.Raise) and not isinstance(node.exc, ast.Call):
                yield path.name, node.lineno, _name(node.exc), set()


def _name(node: ast.AST | None) -> str:
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""


def _sources() -> Iterator[Path]:
    for name in _packages():
        for folder in importlib.import_module(name).__path__:
            yield from Path(folder).rglob("*.py")

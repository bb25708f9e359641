"""The docs say what is true: generated parts are fresh, rules have tests, links lead somewhere."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from staffroll.events import Event, payload_of

ROOT = Path(__file__).parents[3]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
TESTS = "\n".join(path.read_text() for path in (ROOT / "tests").rglob("test_*.py"))


@pytest.mark.parametrize(
    "rule", re.findall(r"\*\*(R\d+)\*\*", (ROOT / "docs/rules.md").read_text())
)
def test_every_rule_in_the_docs_has_a_test_named_after_it(rule: str) -> None:
    assert re.search(rf"def test_(?:\w+_)?{rule.lower()}_", TESTS), rule


@pytest.mark.parametrize(
    "name",
    sorted(
        {
            name
            for page in ("security.md", "failures.md")
            for name in re.findall(r"`(test_\w+)`", (ROOT / "docs" / page).read_text())
        }
    ),
)
def test_every_promise_has_the_test_it_names(name: str) -> None:
    assert f"def {name}(" in TESTS


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_between_pages_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text()):
        assert (page.parent / target).exists(), target


def test_the_example_event_is_one() -> None:
    example = re.search(r"```json\n(.*?)```", (ROOT / "docs/events.md").read_text(), re.DOTALL)
    assert example is not None

    event = Event.from_json(example[1])

    assert payload_of(event).last_name == "Müller"


@pytest.mark.parametrize("page", ["plugins.md", "events.md"])
def test_the_readme_shows_what_the_pages_on_extending_show(page: str) -> None:
    shown = (ROOT / "README.md").read_text().split("## Make it yours")[1].split("\n## ")[0]
    plugin, subscriber = re.findall(r"```\w+\n(.*?)```", shown, re.DOTALL)

    block = {"plugins.md": plugin, "events.md": subscriber}[page]
    assert {*block.splitlines()} <= {*(ROOT / "docs" / page).read_text().splitlines()}


def test_every_rule_that_the_code_cites_is_in_the_docs() -> None:
    code = [*ROOT.glob("shared/**/*.py"), *ROOT.glob("services/**/*.py")]
    cited = {rule for path in code for rule in re.findall(r"\bR\d\d?\b", path.read_text())}
    listed = set(re.findall(r"^- \**(R\d+)\b", (ROOT / "docs/rules.md").read_text(), re.MULTILINE))

    assert cited - listed == set()


@pytest.mark.parametrize("code", ["method_not_allowed", "body_too_large", "internal_error"])
def test_codes_of_plain_http_errors_are_in_the_docs(code: str) -> None:
    assert f"`{code}`" in (ROOT / "docs/errors.md").read_text()


@pytest.mark.parametrize("code", ["formula_start", "unknown_field", "language_not_offered"])
def test_codes_of_fields_are_in_the_docs(code: str) -> None:
    fields = (ROOT / "docs/errors.md").read_text().split("## Codes of fields")[1]

    assert f"| `{code}` |" in fields


@pytest.mark.parametrize(
    "kind, by",
    [
        ("user.created", "accounts"),
        ("user.deactivated", "accounts"),
        ("membership.ended", "scheduling"),
    ],
)
def test_the_docs_tell_who_says_an_event(kind: str, by: str) -> None:
    assert f"| `{kind}` | {by} |" in (ROOT / "docs/events.md").read_text()


def test_decisions_tell_their_status_in_one_way() -> None:
    for page in (ROOT / "docs/decisions").glob("*.md"):
        assert re.search(r"^Status: \w+", page.read_text(), re.MULTILINE), page.name

"""Nothing that accounts notes lacks a sentence in the audit trail."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

import staffroll_accounts
from staffroll.events import EVENTS, REQUESTS
from staffroll_accounts.domain.imports import KIND
from staffroll_accounts.domain.webhooks import Reason
from staffroll_accounts.pages.audit_words import (
    GROUPS,
    HAPPENINGS,
    REASONS,
    Happening,
    actions_of,
    happening,
)

ACTION = re.compile(r"[a-z]+(-[a-z]+)*\.[a-z]+(-[a-z]+)*")
NOT_NOTED = {"webhook.test"}
"""Sent to a webhook's receiver."""

ROOMS = ("domain", "actions", "mail/posting.py", "webhooks")


def sources() -> Iterator[Path]:
    house = Path(staffroll_accounts.__file__).parent
    for room in ROOMS:
        path = house / room
        yield from path.rglob("*.py") if path.is_dir() else [path]


@cache
def noted() -> set[str]:
    """Whatever looks like an action where entries are made."""
    texts = {
        node.value
        for path in sources()
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
    return {text for text in texts if ACTION.fullmatch(text)} - NOT_NOTED | {f"{KIND}.started"}


def test_every_action_has_words() -> None:
    assert noted() - HAPPENINGS.keys() - EVENTS.keys() - REQUESTS.keys() == set()


def test_no_words_are_left_of_actions_that_are_gone() -> None:
    assert HAPPENINGS.keys() - noted() == set()


def test_every_action_is_found_by_one_group() -> None:
    assert sorted(name for group in GROUPS for name in actions_of(group)) == sorted(HAPPENINGS)


def test_every_reason_for_disabling_a_webhook_has_words() -> None:
    assert set(REASONS) == set(Reason.__args__)  # type: ignore[attr-defined]


@pytest.mark.parametrize("action", HAPPENINGS)
def test_a_sentence_names_somebody(action: str) -> None:
    one: Happening = happening(action)

    for sentence in (one.sentence, one.own):
        if sentence is None:
            continue
        blanks = set(re.findall(r"%\((\w+)\)s", str(sentence_of(sentence))))
        assert blanks <= {"who", "whom", "what"}
        assert blanks or action == "tenant.restored"


def sentence_of(lazy: object) -> str:
    """Untranslated, as outside of a request."""
    return str(lazy._args[0])  # type: ignore[attr-defined]

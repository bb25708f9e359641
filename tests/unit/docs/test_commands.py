"""What the docs tell people to type exists."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.deployed import refuses

ROOT = Path(__file__).parents[3]
PAGES = [
    ROOT / "README.md",
    ROOT / "docker-compose.yml",
    *sorted((ROOT / "docs").rglob("*.md")),
    *sorted((ROOT / "deploy").rglob("*.md")),
]
_BLOCK = re.compile(r"^ *```\w*\n(.*?)^ *```", re.MULTILINE | re.DOTALL)
_INLINE = re.compile(r"`(staffroll [^`]*)`")
_ELSEWHERE = re.compile(r"^[# ]*docker compose run --rm (staffroll .*)$", re.MULTILINE)
_TARGET = re.compile(r"(?:^|`)make ([a-z-]+)", re.MULTILINE)


def typed(text: str) -> Iterator[str]:
    """Whole commands, as they are to be typed."""
    yield from _ELSEWHERE.findall(text)
    for block in _BLOCK.findall(text):
        lines = (line.strip() for line in block.splitlines())
        yield from (line for line in lines if line.startswith("staffroll "))


def mentioned(text: str) -> Iterator[str]:
    """Commands in a sentence, where what is needed may be left out."""
    yield from (" ".join(found.split()) for found in _INLINE.findall(text))


def words(command: str) -> list[str]:
    """The arguments, without comments, pipes and what stands for others."""
    plain = re.split(r"\s#\s|\s[|>&]|…|\s\[-", command)[0]
    return shlex.split(plain.replace("|", " "))[1:]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_command_of_ours_is_one(page: Path) -> None:
    text = page.read_text()
    unknown = {one: why for one in typed(text) if (why := refuses(words(one)))}
    unknown |= {one: why for one in mentioned(text) if (why := refuses(words(one), whole=False))}

    assert unknown == {}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_target_of_make_is_one(page: Path) -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))

    assert set(_TARGET.findall(page.read_text())) <= targets

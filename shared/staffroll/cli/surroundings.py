"""Which suite a command works on: the one of the environment, or the one that runs here."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import click

DATA_VARIABLE: Final = "STAFFROLL_DATA"
DEFAULT_DATA: Final = "data"
FILE: Final = "environment"
"""Written into the data folder by a running `staffroll up`, gone when it has ended."""

STANDALONE: Final = frozenset({"up", "serve", "consume"})
"""Commands that take their settings from the environment and nowhere else: a process in
production must not be led astray by a folder that happens to lie there."""


def join_running_suite() -> None:
    """Take the settings of the suite that runs from the data folder, where the environment
    names no database; says so on standard error."""
    if os.environ.get("STAFFROLL_MONGODB_URI"):
        return
    file = Path(os.environ.get(DATA_VARIABLE, DEFAULT_DATA)) / FILE
    found = read(file)
    if not found:
        return
    click.echo(f"(the suite that runs from {file.parent})", err=True)
    for name, value in found.items():
        os.environ.setdefault(name, value)


def write(file: Path, variables: Mapping[str, str]) -> None:
    """Keep `variables` where only the owner of the folder can read them: there are secrets."""
    text = "".join(f"{name}={value}\n" for name, value in sorted(variables.items()))
    file.unlink(missing_ok=True)
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as opened:
        opened.write(text)


def read(file: Path) -> dict[str, str]:
    """The variables of the file; none where there is no such file."""
    try:
        lines = file.read_text().splitlines()
    except FileNotFoundError:
        return {}
    return dict(line.split("=", 1) for line in lines if "=" in line)

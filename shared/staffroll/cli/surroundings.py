"""Which suite a command works on: the one of the environment, or the one that runs here."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import click

DATA_VARIABLE: Final = "STAFFROLL_DATA"
DEFAULT_DATA: Final = "data"
FILE: Final = "environment"
"""Written into the data folder by a running `staffroll up`, gone when it has ended."""

STANDALONE: Final = frozenset({"up", "serve", "consume", "plugin"})
"""Commands that take their settings from the environment and nowhere else: a process in
production must not be led astray by a folder that happens to lie there. Plugins need none."""


class NoSuite(click.ClickException):
    """Nothing tells which suite is meant."""

    def __init__(self) -> None:
        super().__init__(
            f"No suite runs from the data folder {_folder()}: start `staffroll up`, or set "
            "STAFFROLL_MONGODB_URI and the other settings of the suite that is meant."
        )


@contextmanager
def at_a_terminal() -> Iterator[None]:
    """Around a command that a person calls, and that ends by itself: on the suite that runs
    here, and without the lines that long-running processes log.

    Raises:
        NoSuite: A setting is missing, and no suite runs here that could give it.
    """
    from staffroll.logs import errors_only
    from staffroll.settings import SettingsWrong

    join_running_suite()
    try:
        with errors_only():
            yield
    except SettingsWrong as error:
        if "STAFFROLL_MONGODB_URI" in os.environ:
            raise
        raise NoSuite from error


def join_running_suite() -> None:
    """Take the settings of the suite that runs from the data folder, where the environment
    names no database; says so on standard error."""
    if os.environ.get("STAFFROLL_MONGODB_URI"):
        return
    file = _folder() / FILE
    found = read(file)
    if not found:
        return
    click.echo(f"(the suite that runs from {file.parent})", err=True)
    for name, value in found.items():
        os.environ.setdefault(name, value)


def _folder() -> Path:
    return Path(os.environ.get(DATA_VARIABLE, DEFAULT_DATA))


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

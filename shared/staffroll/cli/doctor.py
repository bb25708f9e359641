"""`staffroll doctor`."""

from __future__ import annotations

import json
import os
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from staffroll.bus.topology import SERVICES
from staffroll.cli.check import DEFAULT_URLS
from staffroll.cli.surroundings import DATA_VARIABLE

if TYPE_CHECKING:
    from staffroll.doctor.finding import Finding
    from staffroll.service import Service

_MARKS: Final = {"well": "ok", "warning": "WARNING", "problem": "PROBLEM"}


@click.command()
@click.option("--json", "as_json", is_flag=True, help="For machines: everything that was found.")
@click.option("--verbose", "-v", is_flag=True, help="Tell of what is well, too.")
def doctor(*, as_json: bool, verbose: bool) -> None:
    """Say what is wrong with the suite, and what to do about it; changes nothing.

    Exit code 0: all is well. 1: there are warnings. 2: there are problems. Looks at the
    databases and queues of the services that are installed here, and asks those that
    STAFFROLL_URL_ACCOUNTS, STAFFROLL_URL_SCHEDULING, … name (default: where `staffroll up`
    serves them).
    """
    from staffroll.doctor.examining import examine
    from staffroll.doctor.finding import EXIT_CODES
    from staffroll.service import installed
    from staffroll.settings import ServiceSettings, SettingsWrong, read

    here = installed()
    if not os.environ.get("STAFFROLL_MONGODB_URI"):
        read(ServiceSettings)  # says that no suite is meant
        raise SettingsWrong("STAFFROLL_MONGODB_URI is empty")
    data = os.environ.get(DATA_VARIABLE)
    found = list(examine(here, os.environ, _urls(here), Path(data) if data else None))
    if as_json:
        click.echo(_as_json(found))
    else:
        _print(found, verbose=verbose)
    sys.exit(max((EXIT_CODES[one.level] for one in found), default=0))


def _urls(here: Mapping[str, Service]) -> dict[str, str]:
    """Of the services that are installed here, and of others only where it is said."""
    said = {name: os.environ.get(f"STAFFROLL_URL_{name.upper()}") for name in SERVICES}
    return {
        name: said[name] or DEFAULT_URLS[name]
        for name in SERVICES
        if said[name] is not None or name in here
    }


def _print(found: Sequence[Finding], *, verbose: bool) -> None:
    for one in found:
        if verbose or one.level != "well":
            click.echo(f"{_MARKS[one.level]:8} {one.about}, {one.check}: {one.says}")
            if one.remedy is not None:
                click.echo(f"         → {one.remedy.text()}")
    count = Counter(one.level for one in found)
    click.echo(
        f"{len(found)} things looked at: {count['well']} well, "
        f"{count['warning']} warnings, {count['problem']} problems."
    )


def _as_json(found: Sequence[Finding]) -> str:
    return json.dumps(
        {
            "healthy": all(one.level == "well" for one in found),
            "findings": [asdict(one) for one in found],
        },
        indent=2,
        ensure_ascii=False,
    )

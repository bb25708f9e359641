"""`staffroll`: one command for running, looking after and repairing the suite.

Nothing here imports Flask or pymongo before a command needs it, so that
``pip install staffroll`` alone is enough for a subscriber or a plugin author.
"""

from __future__ import annotations

import click

from staffroll.cli import surroundings
from staffroll.cli.lazy import LazyGroup

_COMMANDS = {
    "up": ("staffroll.cli.up:up", "Run everything on this machine."),
    "serve": ("staffroll.cli.roles:serve", "Serve the API and pages of services."),
    "consume": ("staffroll.cli.roles:consume", "Consume the events and requests of services."),
    "indexes": ("staffroll.cli.roles:indexes", "Make the database indexes that are missing."),
    "dead-letters": (
        "staffroll.cli.dead_letters:dead_letters",
        "Look at messages that could not be applied; retry or drop them.",
    ),
    "events": ("staffroll.cli.events:events", "Watch events, or have them told again."),
    "audit": ("staffroll.cli.audit:audit", "Tell whether the audit trails are unbroken."),
    "plugin": ("staffroll.cli.plugins:plugin", "Make, list and try plugins."),
    "doctor": ("staffroll.cli.doctor:doctor", "Say what is wrong, and what to do about it."),
    "restore": (
        "staffroll.cli.restore:restore",
        "Get a service in step whose database was restored from a backup.",
    ),
    "check": ("staffroll.cli.check:check", "Tell whether all services know the same."),
}


@click.group(
    cls=LazyGroup,
    own=_COMMANDS,
    within=surroundings.at_a_terminal,
    alone=surroundings.STANDALONE,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(package_name="staffroll", message="Staffroll %(version)s")
def main() -> None:
    """Keep one human in step as user, employee and person.

    Settings come from STAFFROLL_... variables. Where STAFFROLL_MONGODB_URI is not set, the
    commands that look after a suite work on the one that `staffroll up` runs from ./data
    (or from the folder that STAFFROLL_DATA names).
    """

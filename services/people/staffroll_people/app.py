"""People, wired together."""

from __future__ import annotations

from pathlib import Path

from flask import Flask

from staffroll.following.app import following_app
from staffroll.runtime import Runtime
from staffroll_people import pages
from staffroll_people.actions.persons import make_actions
from staffroll_people.api.me import me
from staffroll_people.api.persons import persons
from staffroll_people.api.photos import photos
from staffroll_people.sync import following


def create_app(runtime: Runtime) -> Flask:
    """The HTTP side of people."""
    here = following(runtime)
    actions = make_actions(here.pause)
    return following_app(
        here,
        title="Staffroll people",
        resources=[persons(actions), me(actions), photos()],
        groups=pages.groups(actions),
        pages_in=Path(pages.__file__).parent,
    )

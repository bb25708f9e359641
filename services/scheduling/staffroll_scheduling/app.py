"""Scheduling, wired together."""

from __future__ import annotations

from flask import Flask

from staffroll.following.wiring import following_app
from staffroll.runtime import Runtime
from staffroll_scheduling.actions.employees import make_actions
from staffroll_scheduling.api.employees import employees
from staffroll_scheduling.sync import following


def create_app(runtime: Runtime) -> Flask:
    """The HTTP side of scheduling."""
    here = following(runtime)
    return following_app(
        here, title="Staffroll scheduling", resources=[employees(make_actions(here.pause))]
    )

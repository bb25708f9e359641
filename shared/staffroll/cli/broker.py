"""The broker for commands that need no database of a service."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

import click

from staffroll import bus
from staffroll.cli import surroundings
from staffroll.setting_rules import BROKER_ADDRESS


@contextmanager
def open_broker(name: str) -> Iterator[bus.Broker]:
    """The broker of STAFFROLL_BROKER_URL, closed afterwards.

    Raises:
        click.ClickException: The variables name none that can be used.
    """
    url = os.environ.get("STAFFROLL_BROKER_URL", "embedded:")
    mongodb_uri = os.environ.get("STAFFROLL_MONGODB_URI", "")
    if url.startswith("embedded:") and not mongodb_uri:
        raise surroundings.NoSuite
    prefix = os.environ.get("STAFFROLL_BROKER_PREFIX", "")
    if not BROKER_ADDRESS.holds(url):
        raise click.ClickException(f"STAFFROLL_BROKER_URL is not {BROKER_ADDRESS.says}.")
    broker = bus.connect(url, mongodb_uri=mongodb_uri, prefix=prefix, name=name)
    try:
        broker.declare()
        yield broker
    finally:
        broker.close()

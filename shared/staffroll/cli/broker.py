"""The broker for commands that need no database of a service."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

import click

from staffroll import bus


@contextmanager
def open_broker(name: str) -> Iterator[bus.Broker]:
    """The broker of STAFFROLL_BROKER_URL, closed afterwards.

    Raises:
        click.ClickException: The variables name none that can be used.
    """
    url = os.environ.get("STAFFROLL_BROKER_URL", "embedded:")
    mongodb_uri = os.environ.get("STAFFROLL_MONGODB_URI", "")
    if url.startswith("embedded:") and not mongodb_uri:
        raise click.ClickException(
            "No suite runs from the data folder: start `staffroll up`, "
            "or set STAFFROLL_BROKER_URL or STAFFROLL_MONGODB_URI."
        )
    prefix = os.environ.get("STAFFROLL_BROKER_PREFIX", "")
    try:
        broker = bus.connect(url, mongodb_uri=mongodb_uri, prefix=prefix, name=name)
    except ValueError as error:
        raise click.ClickException(f"STAFFROLL_BROKER_URL cannot be used: {error}") from error
    try:
        broker.declare()
        yield broker
    finally:
        broker.close()

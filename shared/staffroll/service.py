"""What a service offers to the commands: its app, its consumer, its chores.

Each service names one `Service` in the entry-point group ``staffroll.services``; the
library itself never imports a service.
"""

from __future__ import annotations

import importlib.metadata
import pkgutil
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, cast

import click
from flask import Flask

from staffroll.events import Event
from staffroll.mongo import Index
from staffroll.mongo.forms import Forms
from staffroll.restoring import Siblings
from staffroll.runtime import Role, Runtime
from staffroll.settings import ServiceSettings, read

ENTRY_POINTS: Final = "staffroll.services"

_ORDER: Final = ("accounts", "scheduling", "people", "export")


@dataclass(frozen=True, slots=True)
class Chore:
    """Something a consumer process does again and again.

    Attributes:
        run: Must be safe in many processes at once; an error is logged and tried again.
        close: Called when the process ends.
    """

    name: str
    every_seconds: float
    run: Callable[[], object]
    close: Callable[[], None] = lambda: None


@dataclass(frozen=True, slots=True)
class Service:
    """One service.

    Attributes:
        name: As in ``staffroll/accounts``; also its queues and database.
        title: For people.
        mount: Where it stands when all share one port.
        port: Its default port when it runs apart.
        app: ``module:function`` of the HTTP side, made on a runtime of role ``serve``. It takes
            longest to import, so that only those do who serve.
        make_handler: Applies one message, on a runtime of role ``consume``.
        make_chores: What the consumer process does besides.
        restore: Brings it in step after its database was put back to an earlier time; yields
            what it did, in sentences.
        forms: Of the collections whose documents say in which form they are.
        commands: Its own commands, offered as ``staffroll <command>``.
    """

    name: str
    title: str
    mount: str
    port: int
    settings: type[ServiceSettings]
    indexes: Sequence[Index]
    outboxes: Sequence[str]
    app: str
    make_handler: Callable[[Runtime], Callable[[Event], None]]
    make_chores: Callable[[Runtime], Sequence[Chore]]
    restore: Callable[[Runtime, Siblings], Iterator[str]]
    forms: Sequence[Forms] = ()
    commands: Sequence[click.Command] = field(default_factory=tuple)

    def runtime(self, role: Role, environ: Mapping[str, str] | None = None) -> Runtime:
        """Connect, with the settings of the environment.

        Raises:
            SettingsWrong: A setting is missing or cannot be read.
        """
        settings = read(self.settings, environ)
        return Runtime(self.name, settings, role, indexes=self.indexes, outboxes=self.outboxes)

    def app_factory(self) -> Callable[[Runtime], Flask]:
        """What makes the HTTP side, imported."""
        return cast(Callable[[Runtime], Flask], pkgutil.resolve_name(self.app))

    def make_app(self, runtime: Runtime) -> Flask:
        return self.app_factory()(runtime)


def installed_names() -> list[str]:
    """Of the services that are installed here; imports none of them."""
    return list(_entries())


def installed(only: Collection[str] | None = None) -> dict[str, Service]:
    """The services that are installed here, by name.

    Args:
        only: Imports just those of these names.
    """
    return {
        name: entry.load() for name, entry in _entries().items() if only is None or name in only
    }


def _entries() -> dict[str, importlib.metadata.EntryPoint]:
    """In order. Looking takes 20 ms: every file of metadata is read."""
    found = {entry.name: entry for entry in importlib.metadata.entry_points(group=ENTRY_POINTS)}
    names = [*(name for name in _ORDER if name in found), *sorted(found.keys() - set(_ORDER))]
    return {name: found[name] for name in names}

"""`staffroll up`: the whole suite on this machine, from nothing to ready and back.

::

    up ──── guardian            ends mongod when we were killed
     ├───── mongod              unless STAFFROLL_MONGODB_URI names a server
     ├───── web                 gunicorn, all services on one port
     └───── consumer            all services; or two processes for each service (``--apart``)
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import structlog

from staffroll.cli import surroundings
from staffroll.local import demo, layout, ports, readiness
from staffroll.local.database import Database
from staffroll.local.folder import DataFolder
from staffroll.local.guarding import Guard
from staffroll.local.layout import Layout
from staffroll.local.refusals import NothingInstalled, NotReady
from staffroll.local.signals import Hurried, Stopped, StopRequest
from staffroll.local.supervisor import Child, Supervisor
from staffroll.logs import hush_pika
from staffroll.mongo import connect, ensure_indexes
from staffroll.service import Service
from staffroll.settings import read

READY_SECONDS: Final = 60.0
ARRIVAL_SECONDS: Final = 120.0
WAITING_SECONDS: Final = 10.0
"""After so long without news, a person is told what is waited for."""
DEATHS_BEFORE_READY: Final = 3

_POLL_SECONDS: Final = 0.1
_PROGRESS_SECONDS: Final = 1.0

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Plan:
    """What was asked for on the command line.

    Attributes:
        port: For all services together; 0 for any free one.
        base_port: The lowest port of services apart; None for the services' own.
    """

    data: Path
    port: int = 8000
    is_apart: bool = False
    base_port: int | None = None
    with_demo: bool = True


def run(plan: Plan, services: Sequence[Service], environ: Mapping[str, str], say: Say) -> None:
    """Start everything, watch it until asked to stop, and end everything.

    Called on the main thread, which starts all children (see `supervisor.Child.start`).

    Args:
        say: Told in lines for people what is being done.
    Raises:
        LocalServerError: It cannot start; `str()` is the sentence that says why.
    """
    if not services:
        raise NothingInstalled
    request = StopRequest()
    with request.listening():
        try:
            with ExitStack() as stack:
                _Suite(plan, services, environ, say, request, stack).run()
        except Stopped:
            say("All processes have ended.")
        except Hurried:
            say("All processes were killed.")


class _Suite:
    def __init__(
        self,
        plan: Plan,
        services: Sequence[Service],
        environ: Mapping[str, str],
        say: Say,
        request: StopRequest,
        stack: ExitStack,
    ) -> None:
        self._plan = plan
        self._services = services
        self._environ = dict(environ)
        self._say = say
        self._request = request
        self._stack = stack
        self._folder = DataFolder(plan.data)
        self._supervisor = Supervisor(say)
        self._has_news = False

    def run(self) -> None:
        """What is put on the stack is undone in the opposite order, however this ends."""
        self._check_settings()
        self._say(f"Data: {self._folder.path}")
        self._open_folder()
        places = self._arrange()
        guard = Guard(self._folder)
        self._stack.callback(guard.end)
        database = self._start_database()
        self._settle_environment(places)
        self._request.check()
        self._make_indexes()
        self._request.check()
        sign_in = self._make_demo() if self._plan.with_demo else None
        self._request.check()
        self._stack.callback(self._supervisor.stop)
        if database:
            self._supervisor.watch(database)
        self._start_roles(places, guard)
        self._stack.callback(self._say, "Stopping …")
        self._wait_until_ready(places)
        self._announce(places, sign_in)
        while True:
            self._pause()

    def _check_settings(self) -> None:
        """Before anything is started."""
        for service in self._services:
            read(service.settings, self._asked())

    def _asked(self) -> dict[str, str]:
        """The environment, with stand-ins for what we make ourselves where it is not set."""
        ours = {
            "STAFFROLL_MONGODB_URI": f"mongodb://{ports.HOST}/",
            "STAFFROLL_SECRET_KEY": "-" * 32,
        }
        return {**ours, **self._environ}

    def _open_folder(self) -> None:
        self._folder.open(lambda: self._say("Waiting for the rest of the last run to end …"))
        self._stack.callback(self._folder.close)
        log = self._stack.enter_context(self._folder.log("up").open("a", buffering=1))
        structlog.configure(logger_factory=structlog.PrintLoggerFactory(log))
        hush_pika()

    def _arrange(self) -> Layout:
        metrics_port = read(self._services[0].settings, self._asked()).metrics_port
        if self._plan.is_apart:
            return layout.apart(self._services, self._plan.base_port, metrics_port)
        return layout.together(self._services, self._plan.port, metrics_port)

    def _start_database(self) -> Database | None:
        if self._environ.get("STAFFROLL_MONGODB_URI"):
            self._say("MongoDB: the server that STAFFROLL_MONGODB_URI names")
            return None
        database = Database(self._folder.path)
        database.start()
        self._stack.callback(database.stop)
        self._say(f"MongoDB: running on port {database.port} (log: {database.log})")
        self._environ["STAFFROLL_MONGODB_URI"] = database.uri
        return database

    def _settle_environment(self, places: Layout) -> None:
        secrets = self._folder.secrets()
        ours = {
            "STAFFROLL_BROKER_URL": "embedded:",
            "STAFFROLL_SECRET_KEY": secrets["secret_key"],
            "STAFFROLL_PLUGIN_KEY": secrets["plugin_key"],
            "STAFFROLL_MAIL_FOLDER": str(self._folder.mail),
            "STAFFROLL_DATA": str(self._folder.path),
            **places.settings(),
        }
        for name, value in ours.items():
            self._environ.setdefault(name, value)
        known = {name: text for name, text in self._environ.items() if name in ours}
        known["STAFFROLL_MONGODB_URI"] = self._environ["STAFFROLL_MONGODB_URI"]
        surroundings.write(self._folder.environment, known)
        self._stack.callback(self._folder.environment.unlink, missing_ok=True)
        is_embedded = self._environ["STAFFROLL_BROKER_URL"].startswith("embedded:")
        where = "embedded in MongoDB" if is_embedded else "the one of STAFFROLL_BROKER_URL"
        self._say(f"Broker: {where}")
        if not is_embedded:
            readiness.require_broker(self._services[0], self._environ)

    def _make_indexes(self) -> None:
        began = time.monotonic()
        for service in self._services:
            settings = read(service.settings, self._environ)
            with connect(settings.mongodb_uri, name="staffroll-up") as client:
                database = client[f"{settings.mongodb_prefix}{service.name}"]
                ensure_indexes(database, service.indexes)
        self._say(f"Indexes: there ({time.monotonic() - began:.1f} s)")

    def _make_demo(self) -> demo.DemoSignIn | None:
        """Only into empty databases: those of STAFFROLL_MONGODB_URI may be somebody's."""
        kept = self._folder.secrets()
        if readiness.holds_data(self._services, self._environ) and not demo.has_begun(kept):
            return demo.remembered(kept)
        make = demo.maker()
        if make is None:
            self._say("Demo: no installed service offers one")
            return None
        people = demo.people()
        self._say(f"Demo: making a tenant with {len(people)} people …")
        began = time.monotonic()
        kept.pop("demo", None)
        password = demo.begin(kept)
        self._folder.keep(kept)
        sign_in = make({**self._environ, demo.PASSWORD_VARIABLE: password}, people)
        demo.remember(kept, sign_in)
        self._folder.keep(kept)
        self._say(f"Demo: made in {time.monotonic() - began:.1f} s")
        self._has_news = True
        return sign_in

    def _start_roles(self, places: Layout, guard: Guard) -> None:
        for role in places.roles:
            child = Child(
                role.name,
                [sys.executable, "-m", "staffroll.cli", *role.arguments],
                {**self._environ, **role.environ, "PYTHONUNBUFFERED": "1"},
                self._folder.log(role.name),
                guard.held,
            )
            self._supervisor.start(child)
            self._say(f"{role.name}: started as process {child.pid} (log: {child.log})")
            if port := role.environ.get(layout.METRICS_PORT):
                self._say(f"{role.name}: metrics at http://{ports.HOST}:{port}/metrics")

    def _wait_until_ready(self, places: Layout) -> None:
        said_at = time.monotonic()
        deadline = said_at + READY_SECONDS
        for service in self._services:
            while (waits := readiness.waits_for(places.urls[service.name])) is not None:
                self._give_up_on_the_dead(places)
                now = time.monotonic()
                if now > deadline:
                    raise NotReady(service.title, waits, self._folder.logs)
                if now - said_at >= WAITING_SECONDS:
                    self._say(f"{service.title}: not ready yet ({waits})")
                    said_at = now
                self._pause()
            self._say(f"{service.title}: ready at {places.urls[service.name]}/")
        if self._has_news:
            self._wait_until_arrived()

    def _give_up_on_the_dead(self, places: Layout) -> None:
        for role in places.roles:
            deaths = self._supervisor.deaths(role.name)
            if deaths >= DEATHS_BEFORE_READY:
                log = self._folder.logs / f"{role.name}.log"
                raise NotReady(role.name, f"it ended {deaths} times", log)

    def _wait_until_arrived(self) -> None:
        deadline = time.monotonic() + ARRIVAL_SECONDS
        said_at = 0.0
        while (left := readiness.news_under_way(self._services, self._environ)) != 0:
            now = time.monotonic()
            if now > deadline:
                self._say("Demo: some people are still on their way to the other services")
                return
            if left is not None and now - said_at >= _PROGRESS_SECONDS:
                self._say(f"Demo: people on their way to the other services, {left} messages left")
                said_at = now
            self._pause()
        self._say("Demo: everybody is known everywhere")

    def _announce(self, places: Layout, sign_in: demo.DemoSignIn | None) -> None:
        self._say(f"\nStaffroll is ready: {places.home}\n")
        if sign_in:
            self._say(f"Tenant:   {sign_in.tenant}")
            self._say(f"E-mail:   {sign_in.email}")
            self._say(f"Password: {sign_in.password}\n")
        self._say("Ctrl-C ends it; the next start finds the data again.")

    def _pause(self) -> None:
        self._request.wait(_POLL_SECONDS)
        self._supervisor.check()

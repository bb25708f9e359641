"""The suite with every service as processes of its own, as in production, and its clients."""

from __future__ import annotations

import contextlib
import os
import secrets
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest
import requests
from click.testing import CliRunner
from pymongo import MongoClient

from staffroll.cli import main
from tests.support.rabbitmq import free_ports
from tests.support.smtp import Mailbox, mail_server
from tests.support.waiting import eventually

SERVICES = ("accounts", "scheduling", "people", "export")
PLACES = {"accounts": "/v1/users", "scheduling": "/v1/employees", "people": "/v1/people"}
PASSWORD = "correct horse battery staple"


class Process:
    """One role of one service, with its output in a file."""

    def __init__(self, command: list[str], environ: dict[str, str], log: Path) -> None:
        self.log = log
        with log.open("ab") as output:
            self._process = subprocess.Popen(
                command,
                env=environ,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    @property
    def pid(self) -> int:
        """Also its process group, which its workers are in."""
        return self._process.pid

    @property
    def is_running(self) -> bool:
        return self._process.poll() is None

    def signal(self, number: signal.Signals) -> None:
        """Send it to the process and its workers."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, number)

    def kill(self) -> None:
        """End it at once, workers included, as a crash would."""
        self.signal(signal.SIGKILL)
        self._process.wait(40)

    def terminate(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(self._process.pid, signal.SIGTERM)

    def stop(self) -> int:
        """Ask it to end, and wait; its exit code."""
        self.terminate()
        try:
            return self._process.wait(120)
        except subprocess.TimeoutExpired:
            self.kill()
            raise


class Apart:
    """The four services on one MongoDB and one broker."""

    ready_seconds = 60.0
    """How long a service may take until it can work."""

    def __init__(self, mongodb_uri: str, broker_url: str, folder: Path) -> None:
        self.mailbox = Mailbox()
        (self._mail_port,) = free_ports(1)
        self.mongodb_uri = mongodb_uri
        self.prefix = f"t{secrets.token_hex(4)}-"
        self.folder = folder
        self.processes: dict[tuple[str, str], list[Process]] = {}
        ports = free_ports(2 * len(SERVICES))
        self._ports = dict(zip(SERVICES, ports[: len(SERVICES)], strict=True))
        self._probe_ports = dict(zip(SERVICES, ports[len(SERVICES) :], strict=True))
        self._client: MongoClient[dict[str, Any]] = MongoClient(mongodb_uri, tz_aware=True)
        self.environ = {
            **{k: v for k, v in os.environ.items() if not k.startswith("STAFFROLL_")},
            "STAFFROLL_MONGODB_URI": mongodb_uri,
            "STAFFROLL_MONGODB_PREFIX": self.prefix,
            "STAFFROLL_BROKER_URL": broker_url,
            "STAFFROLL_BROKER_PREFIX": self.prefix,
            "STAFFROLL_SECRET_KEY": secrets.token_hex(32),
            "STAFFROLL_ARGON2_TIME_COST": "1",
            "STAFFROLL_ARGON2_MEMORY_KIB": "8",
            "STAFFROLL_RESEND_AFTER_SECONDS": "2",
            "STAFFROLL_SMTP_URL": f"smtp://127.0.0.1:{self._mail_port}?starttls=never",
            "STAFFROLL_WEBHOOK_NETWORKS": "127.0.0.0/8",
            "PYTHONUNBUFFERED": "1",
            **{
                f"STAFFROLL_{kind}_{name.upper()}": f"http://127.0.0.1:{port}"
                for kind in ("URL", "PUBLIC_URL")
                for name, port in self._ports.items()
            },
        }

    def receive_mail(self) -> AbstractContextManager[Mailbox]:
        """The mail server that accounts sends to; what arrives is in `mailbox`."""
        return mail_server(self.mailbox, self._mail_port)

    def start(self, service: str, role: str, count: int = 1) -> None:
        """Start `count` consumers, or one web server with `count` workers."""
        command = [sys.executable, "-m", "staffroll.cli", role, service]
        if role == "serve":
            bind = f"127.0.0.1:{self._ports[service]}"
            command += ["--bind", bind, "--workers", str(count)]
            count = 1
        log = self.folder / f"{service}-{role}.log"
        started = self.processes.setdefault((service, role), [])
        for _ in range(count):
            is_watched = role == "consume" and not any(one.is_running for one in started)
            watched = {"STAFFROLL_METRICS_PORT": str(self._probe_ports[service])}
            environ = {**self.environ, **(watched if is_watched else {})}
            started.append(Process(command, environ, log))

    def start_all(self, *, workers: int = 1, consumers: int = 1) -> None:
        for service in SERVICES:
            self.start(service, "serve", workers)
            self.start(service, "consume", consumers)
        self.wait_until_ready()

    def start_missing(self) -> None:
        """Start the roles of which nothing runs, and wait until all can work."""
        for service in SERVICES:
            for role in ("serve", "consume"):
                running = [one for one in self.processes.get((service, role), []) if one.is_running]
                self.processes[service, role] = running
                if not running:
                    self.start(service, role)
        self.wait_until_ready()

    def wait_until_ready(self, *services: str) -> None:
        for service in services or SERVICES:
            eventually(lambda name=service: self._is_ready(name), self.ready_seconds)

    def _is_ready(self, service: str) -> bool:
        try:
            response = requests.get(f"{self.url(service)}/readyz", timeout=5)
        except (requests.ConnectionError, requests.Timeout):
            return False
        assert response.status_code == 200, response.text
        return True

    def kill(self, service: str, role: str) -> None:
        for process in self.processes.pop((service, role), []):
            process.kill()

    def stop(self, service: str, role: str) -> None:
        for process in self.processes.pop((service, role), []):
            process.stop()

    def url(self, service: str) -> str:
        return f"http://127.0.0.1:{self._ports[service]}"

    def probes(self, service: str) -> str:
        """Where the first consumer of the service tells how it is."""
        return f"http://127.0.0.1:{self._probe_ports[service]}"

    def database(self, service: str) -> Any:
        """The service's database, for looking at what is written, and for nothing else."""
        return self._client[f"{self.prefix}{service}"]

    def command(self, *arguments: str, text: str = "") -> str:
        """What `staffroll` prints with these arguments; it must succeed."""
        done = self.try_command(*arguments, text=text)
        assert done.returncode == 0, done.stderr + done.stdout
        return done.stdout

    def command_here(self, *arguments: str, text: str = "") -> str:
        """The same in this process, without the second that a new one takes to begin."""
        with pytest.MonkeyPatch.context() as patch:
            for name in os.environ.keys() - self.environ.keys():
                patch.delenv(name)
            done = CliRunner(env=self.environ).invoke(main, arguments, input=text)
        assert done.exit_code == 0, done.output
        return done.output

    def try_command(self, *arguments: str, text: str = "") -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "staffroll.cli", *arguments],
            env=self.environ,
            input=text,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    def tenant(self, name: str = "") -> Client:
        """A fresh tenant, signed in as its admin, known to every service."""
        client = self.tenant_in_accounts(name)
        for service in SERVICES:
            eventually(lambda name=service: client.is_known_to(name), timeout=30)
        return client

    def tenant_in_accounts(self, name: str = "") -> Client:
        """A fresh tenant, signed in as its admin."""
        tenant_id = name or f"t{secrets.token_hex(4)}"
        email = f"admin@{tenant_id}.example"
        create = ["tenant", "create", tenant_id, "--admin-email", email, "--admin-password-stdin"]
        self.command_here(*create, text=f"{PASSWORD}\n")
        return Client(self, tenant_id, email)

    def close(self) -> None:
        everything = [one for processes in self.processes.values() for one in processes]
        for process in everything:
            process.signal(signal.SIGCONT)
            process.terminate()
        for process in everything:
            process.stop()
        for name in self._client.list_database_names():
            if name.startswith(self.prefix.rstrip("-")):
                self._client.drop_database(name)
        self._client.close()


class Client:
    """A signed-in user with every service's API at hand."""

    def __init__(self, suite: Apart, tenant_id: str, email: str, password: str = PASSWORD) -> None:
        self.suite = suite
        self.tenant_id = tenant_id
        self.email = email
        signed_in = requests.post(
            f"{suite.url('accounts')}/v1/sign-in",
            json={"tenant": tenant_id, "email": email, "password": password},
            timeout=40,
        )
        assert signed_in.status_code == 200, signed_in.text
        self.token = signed_in.json()["access_token"]
        self._session = requests.Session()
        self._session.headers["Authorization"] = f"Bearer {self.token}"
        self._session.mount("http://", requests.adapters.HTTPAdapter(pool_maxsize=64))

    def request(self, method: str, service: str, path: str, **kwargs: Any) -> requests.Response:
        kwargs.setdefault("timeout", 40)
        return self._session.request(method, f"{self.suite.url(service)}{path}", **kwargs)

    def get(self, service: str, path: str, **kwargs: Any) -> requests.Response:
        return self.request("GET", service, path, **kwargs)

    def post(self, service: str, path: str, **kwargs: Any) -> requests.Response:
        return self.request("POST", service, path, **kwargs)

    def patch(self, service: str, path: str, **kwargs: Any) -> requests.Response:
        return self.request("PATCH", service, path, **kwargs)

    def delete(self, service: str, path: str, **kwargs: Any) -> requests.Response:
        return self.request("DELETE", service, path, **kwargs)

    def create(self, service: str, body: dict[str, Any], **kwargs: Any) -> requests.Response:
        """Create a human in the place that `service` is."""
        return self.post(service, PLACES[service], json=body, **kwargs)

    def sees(self, service: str, id_: str) -> dict[str, Any] | None:
        """The human as `service` shows them, once confirmed; None until then."""
        response = self.get(service, f"{PLACES[service]}/{id_}")
        if response.status_code == 404:
            return None
        assert response.status_code == 200, response.text
        found: dict[str, Any] = response.json()
        return found if found.get("state", "confirmed") == "confirmed" else None

    def is_known_to(self, service: str) -> bool:
        """Whether the service knows this user well enough to let them in."""
        path = "/v1/formats" if service == "export" else PLACES[service]
        return self.get(service, path).status_code == 200

    def csv(self, **parameters: str) -> list[str]:
        """The lines of the exported CSV, header included."""
        response = self.get("export", "/v1/users/export", params={"format": "csv", **parameters})
        assert response.status_code == 200, response.text
        return response.content.decode().split("\r\n")[:-1]


@contextlib.contextmanager
def all_running(mongodb_uri: str, broker_url: str, folder: Path) -> Iterator[Apart]:
    """A suite whose services all run; at the end nothing is left of it."""
    suite = Apart(mongodb_uri, broker_url, folder)
    try:
        with suite.receive_mail():
            suite.start_all()
            yield suite
    finally:
        suite.close()

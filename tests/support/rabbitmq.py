"""Private RabbitMQ nodes, each with its own ports, directory and port mapper."""

from __future__ import annotations

import contextlib
import ctypes
import os
import random
import secrets
import shutil
import signal
import socket
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final

import pika
import pytest
from pika.adapters.utils.connection_workflow import AMQPConnectorException
from pika.exceptions import AMQPError

from tests.support.memory import new_folder
from tests.support.waiting import eventually

SERVER = Path("/usr/lib/rabbitmq/bin/rabbitmq-server")
CONTROL = Path("/usr/lib/rabbitmq/bin/rabbitmqctl")
_PR_SET_PDEATHSIG = 1


class RabbitNode:
    """One node on 127.0.0.1; what it stores survives `stop`, `kill` and `start`.

    Args:
        on_disk: Whatever it costs, as where that is measured.
    """

    def __init__(self, *, on_disk: bool = False) -> None:
        self._home = new_folder("rabbit", on_disk=on_disk)
        self._port, self._dist_port, self._epmd_port = free_ports(3)
        self._write_configuration()
        self._epmd: subprocess.Popen[bytes] | None = None
        self._server: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"amqp://guest:guest@127.0.0.1:{self._port}/"

    def start(self, timeout: float = 60.0) -> None:
        """Start, or start again on the same data; returns when a channel can be opened."""
        if self._epmd is None:
            self._epmd = _child(
                ["epmd", "-port", str(self._epmd_port), "-address", "127.0.0.1"], {}, self._home
            )
        self._server = _child([str(SERVER)], self._environment(), self._home)
        try:
            eventually(self._is_ready_or_over, timeout)
        except AssertionError as error:
            raise AssertionError(f"RabbitMQ did not start:\n{self._output()}") from error
        if self._server.poll() is not None:
            raise AssertionError(f"RabbitMQ ended at once:\n{self._output()}")

    def stop(self, timeout: float = 30.0) -> None:
        """Shut down as an operator would."""
        if self._server is None:
            return
        with contextlib.suppress(AssertionError):
            self.resume()
        self._server.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._server.wait(timeout)
        self._kill_what_is_left()

    def kill(self) -> None:
        """End the Erlang VM at once, as a power cut would."""
        vm = self._vm()
        os.kill(vm, signal.SIGKILL)
        eventually(lambda: _is_gone(vm))
        self._kill_what_is_left()

    def forget(self) -> None:
        """Lose all that it has stored, while it is stopped, as with its disk."""
        assert self._server is None
        shutil.rmtree(self._home / "mnesia")

    def pause(self) -> None:
        """Let it hang: connections stay open and nothing is answered."""
        os.kill(self._vm(), signal.SIGSTOP)

    def resume(self) -> None:
        os.kill(self._vm(), signal.SIGCONT)

    def control(self, *arguments: str) -> str:
        """What ``rabbitmqctl`` answers; takes about two seconds."""
        return subprocess.run(
            [str(CONTROL), "--silent", *arguments],
            env=self._environment(),
            check=True,
            capture_output=True,
            text=True,
        ).stdout

    def messages(self, queue: str) -> int:
        """How many lie in the queue, delivered and unsettled ones included."""
        lines = self.control("list_queues", "name", "messages").splitlines()
        counts = dict(line.split("\t") for line in lines)
        return int(counts[queue])

    def remove(self) -> None:
        """Stop everything and forget the data."""
        self.stop()
        if self._epmd is not None:
            self._epmd.kill()
            self._epmd.wait()
            self._epmd = None
        shutil.rmtree(self._home, ignore_errors=True)

    def _write_configuration(self) -> None:
        (self._home / "enabled_plugins").write_text("[].")
        (self._home / "rabbitmq-env.conf").touch()
        (self._home / "rabbitmq.conf").write_text(
            f"listeners.tcp.default = 127.0.0.1:{self._port}\n"
            "log.console = false\n"
            "log.file.level = warning\n"
            "vm_memory_high_watermark.absolute = 1GB\n"
            "disk_free_limit.absolute = 50MB\n"
        )

    def _environment(self) -> dict[str, str]:
        home = str(self._home)
        return {
            "PATH": os.environ["PATH"],
            "HOME": home,
            "LANG": "C.UTF-8",
            "RABBITMQ_NODENAME": f"n{self._port}@localhost",
            "RABBITMQ_NODE_IP_ADDRESS": "127.0.0.1",
            "RABBITMQ_NODE_PORT": str(self._port),
            "RABBITMQ_DIST_PORT": str(self._dist_port),
            "ERL_EPMD_PORT": str(self._epmd_port),
            "ERL_EPMD_ADDRESS": "127.0.0.1",
            "RABBITMQ_MNESIA_BASE": f"{home}/mnesia",
            "RABBITMQ_LOG_BASE": f"{home}/log",
            "RABBITMQ_ENABLED_PLUGINS_FILE": f"{home}/enabled_plugins",
            "RABBITMQ_CONFIG_FILE": f"{home}/rabbitmq",
            "RABBITMQ_CONF_ENV_FILE": f"{home}/rabbitmq-env.conf",
            "RABBITMQ_FEATURE_FLAGS_FILE": f"{home}/feature_flags",
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": (
                "-kernel inet_dist_use_interface {127,0,0,1} -start_epmd false"
            ),
        }

    def _is_ready(self) -> bool:
        parameters = pika.URLParameters(f"{self.url}?socket_timeout=2&stack_timeout=5")
        try:
            with pika.BlockingConnection(parameters) as connection:
                connection.channel()
        except (AMQPError, AMQPConnectorException, OSError):
            return False
        return True

    def _is_ready_or_over(self) -> bool:
        assert self._server is not None
        return self._server.poll() is not None or self._is_ready()

    def _vm(self) -> int:
        """The process id of the Erlang VM: the wrapper script is only its parent."""
        assert self._server is not None
        for pid in _family(self._server.pid):
            with contextlib.suppress(OSError):
                if Path(f"/proc/{pid}/comm").read_text().strip() == "beam.smp":
                    return pid
        raise AssertionError("the Erlang VM does not run")

    def _kill_what_is_left(self) -> None:
        assert self._server is not None
        family = _family(self._server.pid)
        for pid in family:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self._server.wait()
        eventually(lambda: all(_is_gone(pid) for pid in family))
        self._server = None

    def _output(self) -> str:
        return (self._home / "output").read_text(errors="replace")


@pytest.fixture(scope="session")
def rabbitmq() -> Iterator[RabbitNode]:
    """A running node for the whole session; keep apart by `amqp_prefix`."""
    node = RabbitNode()
    try:
        node.start()
        yield node
    finally:
        node.remove()


@pytest.fixture
def amqp_prefix() -> str:
    """A prefix for the exchanges and queues of one test."""
    return f"t{secrets.token_hex(4)}."


def _child(command: list[str], environment: dict[str, str], home: Path) -> subprocess.Popen[bytes]:
    def begin() -> subprocess.Popen[bytes]:
        with (home / "output").open("ab") as output:
            return subprocess.Popen(
                command,
                cwd=home,
                env=environment or None,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
                preexec_fn=_end_with_parent,
            )

    return _PARENT.submit(begin).result()


_PARENT: Final = ThreadPoolExecutor(1, "parent-of-rabbitmq")
"""Lives as long as this process: the kernel takes the thread that starts a child for its parent,
and a node would end with a thread that only restarted it."""


def _end_with_parent() -> None:
    """So that no node stays behind a test run that was killed."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


def _family(pid: int) -> list[int]:
    """The process and all its descendants, parents first."""
    found = [pid]
    for member in found:
        children = Path(f"/proc/{member}/task/{member}/children")
        with contextlib.suppress(OSError):
            found += [int(child) for child in children.read_text().split()]
    return found


def _is_gone(pid: int) -> bool:
    """Dead, collected or not: a dying VM still holds its port and its name."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return True
    return stat.rpartition(")")[2].split()[0] in "ZX"


def free_ports(count: int) -> list[int]:
    """Ports below those that the system gives to outgoing connections: one of these could
    take the port of a node while it restarts, even a connection that looks for that node."""
    free: list[int] = []
    while len(free) < count:
        port = random.randrange(10_000, 30_000)
        with contextlib.suppress(OSError), socket.socket() as probe:
            probe.bind(("127.0.0.1", port))
            free += [port] if port not in free else []
    return free

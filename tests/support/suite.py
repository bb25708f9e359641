"""A whole suite as a process of its own, as somebody at a terminal would start it."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Mapping
from pathlib import Path

from tests.support.waiting import eventually

READY = "Ctrl-C ends it"
"""The last line of a start; what is told comes before it."""


class RunningSuite:
    """`staffroll up` on a data folder; `output` grows while it runs."""

    def __init__(
        self, data: Path, *arguments: str, environ: Mapping[str, str] | None = None
    ) -> None:
        self.data = data.resolve()
        self._lines: list[str] = []
        clean = {name: text for name, text in os.environ.items() if "STAFFROLL" not in name}
        self._process = subprocess.Popen(
            [sys.executable, "-m", "staffroll.cli", "up", "--data", str(data), *arguments],
            env={**clean, **(environ or {})},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def output(self) -> str:
        return "".join(list(self._lines))

    def labelled(self, label: str) -> str:
        """What stands behind `label` at the beginning of a line."""
        found = re.search(rf"^{label}: +(\S.*)$", self.output, re.MULTILINE)
        assert found, self.output
        return found[1]

    def url(self, mount: str) -> str:
        """Where a service stands, without a slash at the end."""
        home = re.search(r"Staffroll is ready: (\S+)/$", self.output, re.MULTILINE)
        assert home, self.output
        return f"{home[1]}/{mount}"

    def child(self, name: str) -> int:
        """The process that the role of this name runs in now."""
        told = re.findall(
            rf"^{name}(?:: started| runs again) as process (\d+)", self.output, re.MULTILINE
        )
        assert told, self.output
        return int(told[-1])

    def process_ids(self) -> set[int]:
        """All processes that work on this suite's data, `up` itself left out."""
        return processes_on(self.data) - {self.pid}

    def wait_until_ready(self, timeout: float = 90.0) -> None:
        def is_decided() -> bool:
            return READY in self.output or self._process.poll() is not None

        eventually(is_decided, timeout)
        assert READY in self.output, f"{self.output}\n{self._logs()}"

    def wait_until_ended(self, timeout: float = 240.0) -> int:
        """The exit code, once it has ended and all its output is here."""
        code = self._process.wait(timeout)
        self._reader.join(10)
        return code

    def send(self, number: signal.Signals) -> None:
        os.kill(self.pid, number)

    def stop(self) -> int:
        """As Ctrl-C does; returns the exit code."""
        if self._process.poll() is None:
            self.send(signal.SIGINT)
        return self.wait_until_ended()

    def end(self) -> None:
        """Whatever the test did: leave nothing behind."""
        with contextlib.suppress(Exception):
            self.stop()
        for pid in {self.pid, *self.process_ids()}:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self._process.wait(40)
        self._close()

    def end_only_itself(self) -> None:
        """Where another suite lives on the same data."""
        self._process.kill()
        self._process.wait(40)
        self._close()

    def _close(self) -> None:
        self._reader.join(10)
        assert self._process.stdout
        self._process.stdout.close()

    def _read(self) -> None:
        assert self._process.stdout
        for line in self._process.stdout:
            self._lines.append(line)

    def _logs(self) -> str:
        files = [*self.data.glob("logs/*.log")]
        return "\n".join(f"--- {file.name}\n{file.read_text()[-4000:]}" for file in files)


def processes_on(folder: Path) -> set[int]:
    """Processes whose command line or environment names the folder; zombies do not."""
    needle = os.fsencode(folder)
    found: set[int] = set()
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit() or int(entry.name) == os.getpid():
            continue
        with contextlib.suppress(OSError):
            told = (entry / "cmdline").read_bytes() + (entry / "environ").read_bytes()
            if needle in told:
                found.add(int(entry.name))
    return found


def wait_until_none_is_on(folder: Path, timeout: float = 10.0) -> None:
    """Until no process works on the folder; says which do when they stay."""
    try:
        eventually(lambda: not processes_on(folder), timeout)
    except AssertionError:
        raise AssertionError("\n".join(map(_told_of, processes_on(folder)))) from None


def _told_of(pid: int) -> str:
    try:
        words = Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()
        status = Path(f"/proc/{pid}/status").read_text()
        waits = Path(f"/proc/{pid}/wchan").read_text()
    except OSError as error:
        return f"{pid} has ended ({error})"
    shown = re.findall(r"^(?:State|PPid|Threads|SigCgt|SigPnd|ShdPnd):.*$", status, re.MULTILINE)
    return f"{pid}: {words}| {waits} | {' | '.join(shown)}"


def free_port_range(count: int) -> int:
    """The first of `count` neighbouring ports that are free, below those given out to clients."""
    for base in range(20_000 + os.getpid() % 5_000, 30_000, count):
        with contextlib.ExitStack() as stack, contextlib.suppress(OSError):
            for port in range(base, base + count):
                stack.enter_context(socket.socket()).bind(("127.0.0.1", port))
            return base
    raise AssertionError("there are not enough neighbouring free ports")

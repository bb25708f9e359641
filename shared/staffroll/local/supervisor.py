"""Children that are started again when they die, and ended together when asked."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Protocol

from staffroll.local import bound
from staffroll.local.errors import LocalServerError

FIRST_PAUSE_SECONDS: Final = 0.5
LONGEST_PAUSE_SECONDS: Final = 30.0
STEADY_SECONDS: Final = 30.0
"""Who ran so long begins with the first pause again."""

GRACE_SECONDS: Final = 20.0
"""A little more than gunicorn gives its requests."""

_POLL_SECONDS: Final = 0.05


class Part(Protocol):
    """Something that runs, and may end by itself."""

    @property
    def name(self) -> str: ...

    @property
    def log(self) -> Path: ...

    @property
    def pid(self) -> int | None: ...

    def start(self) -> None:
        """Raises `LocalServerError` or `OSError` when it does not start."""

    def ended(self) -> str | None:
        """How it ended, in a few words; None while it runs. Leaves nothing of it behind."""


class Child:
    """One of our processes, in a session of its own so that Ctrl-C reaches only us.

    Args:
        held: File descriptors that it keeps open while it lives.
    """

    def __init__(
        self,
        name: str,
        command: Sequence[str],
        environ: Mapping[str, str],
        log: Path,
        held: Sequence[int] = (),
    ) -> None:
        self.name = name
        self.log = log
        self._command = list(command)
        self._environ = dict(environ)
        self._held = held
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process else None

    def start(self) -> None:
        """From the main thread only: the kernel takes the end of the thread that forked
        for the parent's death."""
        bind = [sys.executable, "-I", "-S", bound.__file__, str(os.getpid())]
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(  # noqa: S603 - our own program
                [*bind, *self._command],
                env=self._environ,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                pass_fds=self._held,
            )

    def ended(self) -> str | None:
        process = self._process
        if process is None:
            return "not started"
        seen = os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT)
        if seen is None:
            return None
        # Its own children go first (a worker may still hold the port), while the number of
        # the group cannot yet belong to anybody else: the leader is not reaped.
        self._signal_group(signal.SIGKILL)
        code = process.wait()
        self._process = None
        return f"signal {-code}" if code < 0 else f"exit code {code}"

    def ask_to_end(self) -> None:
        if self._process is not None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self._process.pid, signal.SIGTERM)

    def kill(self) -> None:
        """End it and all that it started, at once."""
        if self._process is not None:
            self._signal_group(signal.SIGKILL)
            self._process.wait()
            self._process = None

    def _signal_group(self, number: int) -> None:
        assert self._process is not None
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, number)


@dataclass(slots=True)
class _Watched:
    part: Part
    started_at: float
    pause_seconds: float = FIRST_PAUSE_SECONDS
    start_again_at: float | None = None
    deaths: int = field(default=0)


class Supervisor:
    """Watches parts; not a thread: whoever owns it calls `check` every now and then.

    Args:
        say: Told in one sentence what happens.
    """

    def __init__(self, say: Callable[[str], None]) -> None:
        self._say = say
        self._watched: list[_Watched] = []

    def start(self, part: Part) -> None:
        """Start it and watch it from now on."""
        part.start()
        self.watch(part)

    def watch(self, part: Part) -> None:
        """Watch one that runs already."""
        self._watched.append(_Watched(part, time.monotonic()))

    def deaths(self, name: str) -> int:
        """How often the part of this name ended by itself."""
        return sum(one.deaths for one in self._watched if one.part.name == name)

    def check(self) -> None:
        """Notice who died, and start again whose pause is over."""
        for one in self._watched:
            now = time.monotonic()
            if one.start_again_at is None:
                how = one.part.ended()
                if how is not None:
                    self._mourn(one, how, now)
            elif now >= one.start_again_at:
                self._revive(one, now)

    def stop(self, grace_seconds: float = GRACE_SECONDS) -> None:
        """End all children: ask, wait, then by force. They are not watched any more."""
        watched, self._watched = self._watched, []
        children = [one.part for one in watched if isinstance(one.part, Child)]
        try:
            for child in children:
                child.ask_to_end()
            deadline = time.monotonic() + grace_seconds
            waiting = list(children)
            while waiting and time.monotonic() < deadline:
                waiting = [child for child in waiting if child.ended() is None]
                time.sleep(_POLL_SECONDS)
        finally:
            for child in children:
                child.kill()

    def _mourn(self, one: _Watched, how: str, now: float) -> None:
        one.deaths += 1
        if now - one.started_at >= STEADY_SECONDS:
            one.pause_seconds = FIRST_PAUSE_SECONDS
        self._say(
            f"{one.part.name} ended ({how}); it is started again in {one.pause_seconds:g} s"
            f" (see {one.part.log})"
        )
        self._schedule(one, now)

    def _schedule(self, one: _Watched, now: float) -> None:
        one.start_again_at = now + one.pause_seconds
        one.pause_seconds = min(2 * one.pause_seconds, LONGEST_PAUSE_SECONDS)

    def _revive(self, one: _Watched, now: float) -> None:
        try:
            one.part.start()
        except (LocalServerError, OSError) as error:
            self._say(f"{one.part.name} does not start: {error}")
            self._schedule(one, now)
            return
        one.started_at = time.monotonic()
        one.start_again_at = None
        self._say(f"{one.part.name} runs again as process {one.part.pid}")

"""A real MongoDB as a child of ours: one member of its own replica set, on loopback only."""

from __future__ import annotations

import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Final, Self

from pymongo import MongoClient
from pymongo.errors import OperationFailure, PyMongoError

from staffroll.local import errors
from staffroll.local.program import find_mongod

REPLICA_SET: Final = "staffroll"
MINIMUM_FREE_BYTES: Final = 500_000_000
"""Its journal files take 300 MB at once."""

_HOST: Final = "127.0.0.1"
_EXIT_PORT_IN_USE: Final = 48
_EXIT_DATA_IN_USE: Final = 100
_NOT_YET_INITIALIZED: Final = 94
_POLL_SECONDS: Final = 0.02


class Mongod:
    """A running server after `start` (or inside ``with``), gone after `stop`.

    It lives in a session of its own, so that Ctrl-C in the terminal reaches us and not it:
    whoever started it stops it, after its own last write. The same folder can be started
    again, on the same port or another, with all its data.

    Args:
        folder: Holds the data (``mongo/``) and the log (``mongod.log``); made if missing.
        port: 0 for any free one, chosen at the first start and then kept.
        extra_parameters: More ``--setParameter`` values.
        cache_gigabytes: Memory for the storage engine.
    """

    def __init__(
        self,
        folder: Path | str,
        *,
        port: int = 0,
        extra_parameters: Mapping[str, object] | None = None,
        cache_gigabytes: float = 0.25,
    ) -> None:
        self._folder = Path(folder)
        self._any_port = port == 0
        self._port = port
        self._parameters = {"diagnosticDataCollectionEnabled": "false", **(extra_parameters or {})}
        self._cache_gigabytes = cache_gigabytes
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def port(self) -> int:
        """Where it listens; 0 before the first start when any free port will do."""
        return self._port

    @property
    def uri(self) -> str:
        """What clients connect to; every write waits for majority and journal."""
        return (
            f"mongodb://{_HOST}:{self._port}/?replicaSet={REPLICA_SET}"
            "&w=majority&journal=true&uuidRepresentation=standard"
        )

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process else None

    @property
    def is_running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    @property
    def log(self) -> Path:
        return self._folder / "mongod.log"

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def start(self, timeout_seconds: float = 60.0) -> None:
        """Start it and wait until it takes writes; idempotent.

        Raises:
            LocalServerError: One of the leaves in `staffroll.local.errors`.
        """
        if self.is_running:
            return
        program = find_mongod()
        self._check_folder()
        deadline = time.monotonic() + timeout_seconds
        chooses_port = self._any_port and self._port == 0
        while True:
            if chooses_port:
                self._port = _free_port()
            try:
                self._run(program, deadline)
            except errors.PortInUse:
                # Somebody was quicker on the port that was free a moment ago.
                if chooses_port and time.monotonic() < deadline:
                    continue
                raise
            return

    def stop(self, timeout_seconds: float = 20.0) -> None:
        """Ask it to end, and end it by force when it does not in time; idempotent."""
        if self._process is None:
            return
        if self.is_running:
            self._process.send_signal(signal.SIGTERM)
        try:
            self._process.wait(timeout_seconds)
        except subprocess.TimeoutExpired:
            self.kill()
        self._process = None

    def kill(self) -> None:
        """End it at once, as a crash would (SIGKILL); what was acknowledged is kept."""
        if self._process is None:
            return
        self._process.kill()
        self._process.wait()
        self._process = None

    def _check_folder(self) -> None:
        try:
            (self._folder / "mongo").mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=self._folder / "mongo"):
                pass
        except OSError as error:
            raise errors.FolderNotWritable(self._folder) from error
        free_bytes = shutil.disk_usage(self._folder).free
        if free_bytes < MINIMUM_FREE_BYTES:
            raise errors.DiskTooFull(self._folder, free_bytes, MINIMUM_FREE_BYTES)

    def _run(self, program: Path, deadline: float) -> None:
        with tempfile.TemporaryFile() as output:
            try:
                self._process = subprocess.Popen(  # noqa: S603 - the program we looked up
                    self._command(program),
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=output,
                    start_new_session=True,
                )
                self._wait_for_port(output, deadline)
                self._wait_for_primary(output, deadline)
            except BaseException:
                self.kill()
                raise

    def _command(self, program: Path) -> list[str]:
        command = [str(program), "--bind_ip", _HOST, "--port", str(self._port)]
        command += ["--dbpath", str(self._folder / "mongo"), "--replSet", REPLICA_SET]
        command += ["--nounixsocket", "--wiredTigerCacheSizeGB", str(self._cache_gigabytes)]
        command += ["--logpath", str(self.log), "--logappend"]
        for name, value in self._parameters.items():
            command += ["--setParameter", f"{name}={value}"]
        return command

    def _wait_for_port(self, output: IO[bytes], deadline: float) -> None:
        while True:
            self._check_alive(output)
            try:
                with socket.create_connection((_HOST, self._port), timeout=1):
                    pass
            except OSError:
                self._check_time(deadline, "it does not listen")
            else:
                # Who answered may be another server on this port, while ours is giving up.
                if self._is_ours():
                    return
            time.sleep(_POLL_SECONDS)

    def _is_ours(self) -> bool:
        if _pid_in(self._folder / "mongo" / "mongod.lock") != self.pid:
            return False
        try:
            with self._direct_client() as client:
                return bool(client.admin.command("serverStatus")["pid"] == self.pid)
        except PyMongoError:
            return False

    def _direct_client(self) -> MongoClient[dict[str, Any]]:
        return MongoClient(_HOST, self._port, directConnection=True, serverSelectionTimeoutMS=2000)

    def _wait_for_primary(self, output: IO[bytes], deadline: float) -> None:
        with self._direct_client() as client:
            while True:
                self._check_alive(output)
                try:
                    if client.admin.command("hello").get("isWritablePrimary"):
                        return
                    self._join_replica_set(client)
                except PyMongoError as error:
                    self._check_time(deadline, type(error).__name__)
                self._check_time(deadline, "it does not become primary")
                time.sleep(_POLL_SECONDS)

    def _join_replica_set(self, client: MongoClient[dict[str, Any]]) -> None:
        member = f"{_HOST}:{self._port}"
        try:
            config = client.admin.command("replSetGetConfig")["config"]
        except OperationFailure as error:
            if error.code != _NOT_YET_INITIALIZED:
                raise
            members = [{"_id": 0, "host": member}]
            client.admin.command("replSetInitiate", {"_id": REPLICA_SET, "members": members})
            return
        if config["members"][0]["host"] != member:
            config["members"][0]["host"] = member
            config["version"] += 1
            client.admin.command("replSetReconfig", config, force=True)

    def _check_time(self, deadline: float, reason: str) -> None:
        if time.monotonic() > deadline:
            raise errors.StartFailed(reason, self.log)

    def _check_alive(self, output: IO[bytes]) -> None:
        assert self._process is not None
        code = self._process.poll()
        if code is not None:
            output.seek(0)
            raise self._explain(code, output.read().decode(errors="replace"))

    def _explain(self, code: int, output: str) -> errors.LocalServerError:
        if code == _EXIT_DATA_IN_USE:
            lock = self._folder / "mongo" / "mongod.lock"
            return errors.DataInUse(self._folder, _pid_in(lock))
        if code == _EXIT_PORT_IN_USE:
            return errors.PortInUse(self._port)
        if "libcurl" in output:
            return errors.LibraryMissing("libcurl.so.4", "libcurl4")
        return errors.StartFailed(f"exit code {code}", self.log)


def _pid_in(lock: Path) -> int | None:
    try:
        return int(lock.read_text())
    except (OSError, ValueError):
        return None


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((_HOST, 0))
        return int(probe.getsockname()[1])

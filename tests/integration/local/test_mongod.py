"""A real mongod as a child: it starts, ends, survives, and says why it cannot."""

from __future__ import annotations

import os
import shutil
import socket
from collections import namedtuple
from pathlib import Path

import pytest
from pymongo import MongoClient
from pymongo.errors import PyMongoError

from staffroll.local import (
    DataInUse,
    DiskTooFull,
    FolderNotWritable,
    LibraryMissing,
    LocalServerError,
    Mongod,
    PortInUse,
    ProgramMissing,
    StartFailed,
    find_mongod,
    program,
)


def keep(server: Mongod, value: int) -> None:
    with MongoClient(server.uri) as client:
        client.trial.kept.insert_one({"_id": value})


def kept(server: Mongod) -> list[int]:
    with MongoClient(server.uri) as client:
        return sorted(document["_id"] for document in client.trial.kept.find())


def a_program(folder: Path, script: str) -> None:
    """Something on the PATH that calls itself mongod."""
    path = folder / "mongod"
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)


def test_it_takes_writes_as_soon_as_it_is_started_and_is_gone_when_stopped(tmp_path):
    with Mongod(tmp_path) as server:
        keep(server, 1)
        pid = server.pid

        assert kept(server) == [1]
        assert os.getsid(pid) == pid

    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
    assert not server.is_running


def test_what_was_acknowledged_survives_a_kill_and_a_change_of_port(tmp_path):
    first = Mongod(tmp_path)
    first.start()
    keep(first, 1)
    first.kill()
    first.start()
    keep(first, 2)
    first.stop()

    with Mongod(tmp_path) as second:
        keep(second, 3)

        assert second.port != first.port
        assert kept(second) == [1, 2, 3]


def test_a_restart_keeps_the_port_that_clients_know(tmp_path):
    server = Mongod(tmp_path)
    server.start()
    uri = server.uri
    server.stop()

    with server:
        assert server.uri == uri


def test_it_says_who_already_uses_the_data(tmp_path, mongod):
    with Mongod(tmp_path) as first, pytest.raises(DataInUse, match=f"process {first.pid}"):
        Mongod(tmp_path).start()


def test_it_never_takes_another_server_on_its_port_for_itself(tmp_path, mongod):
    server = Mongod(tmp_path, port=mongod.port)

    with pytest.raises(PortInUse, match=str(mongod.port)):
        server.start()

    assert not server.is_running


def test_a_port_taken_by_no_mongod_is_in_use_too(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as somebody:
        port = somebody.getsockname()[1]

        with pytest.raises(PortInUse):
            Mongod(tmp_path, port=port).start()


@pytest.mark.parametrize("folder", ["/proc/staffroll", "/dev/null/staffroll"])
def test_a_folder_that_cannot_be_written_is_named(folder):
    with pytest.raises(FolderNotWritable, match=folder):
        Mongod(folder).start()


def test_a_disk_too_full_is_noticed_before_the_server_fails_on_it(tmp_path, monkeypatch):
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage(10**9, 10**9 - 400, 400_000_000))

    with pytest.raises(DiskTooFull, match="400 MB left"):
        Mongod(tmp_path).start()


def test_a_mongod_on_the_path_goes_before_the_wheel(tmp_path, monkeypatch):
    a_program(tmp_path, "exit 1")
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)

    assert find_mongod() == tmp_path / "mongod"


def test_without_any_mongod_it_says_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(program, "WHEEL", "a-wheel-nobody-has")

    with pytest.raises(ProgramMissing, match=r"staffroll\[embedded\]"):
        Mongod(tmp_path / "data").start()


@pytest.mark.parametrize(
    "script, error",
    [
        ("echo 'mongod: error while loading libcurl.so.4' >&2; exit 127", LibraryMissing),
        ("exit 14", StartFailed),
    ],
)
def test_a_server_that_ends_at_once_is_explained_in_one_sentence(
    tmp_path, monkeypatch, script, error
):
    a_program(tmp_path, script)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)

    with pytest.raises(error) as caught:
        Mongod(tmp_path / "data").start()

    assert isinstance(caught.value, LocalServerError)
    assert str(caught.value).endswith(".")
    assert "\n" not in str(caught.value)


def test_a_stopped_server_refuses_clients(tmp_path):
    server = Mongod(tmp_path)
    server.start()
    uri = server.uri
    server.stop()

    with (
        MongoClient(uri, serverSelectionTimeoutMS=200) as client,
        pytest.raises(PyMongoError),
    ):
        client.admin.command("ping")

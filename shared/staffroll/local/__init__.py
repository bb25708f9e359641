"""Servers of our own on this machine, for trying, developing and testing."""

from __future__ import annotations

from staffroll.local.errors import (
    DataInUse,
    DiskTooFull,
    FolderNotWritable,
    LibraryMissing,
    LocalServerError,
    PortInUse,
    ProgramMissing,
    StartFailed,
)
from staffroll.local.mongod import Mongod
from staffroll.local.program import find_mongod

__all__ = [
    "DataInUse",
    "DiskTooFull",
    "FolderNotWritable",
    "LibraryMissing",
    "LocalServerError",
    "Mongod",
    "PortInUse",
    "ProgramMissing",
    "StartFailed",
    "find_mongod",
]

"""Chores do the same for many: one that fails must not stop the others."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeVar

from staffroll.faults import log_fault
from staffroll.mongo import AWAY

OneT = TypeVar("OneT")


def for_each(found: Iterable[OneT], do: Callable[[OneT], object], failed: str) -> int:
    """Do it for all, also after one has failed; for how many something true came back.

    Args:
        failed: The event that is logged of each that fails.
    Raises:
        Whatever says that the database is away: then none can be done.
    """
    done = 0
    for one in found:
        try:
            done += bool(do(one))
        except AWAY:
            raise
        except Exception as error:  # noqa: BLE001 - one that fails must not stop the others
            log_fault(failed, error)
    return done

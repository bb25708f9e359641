"""A following service whose database was put back to an earlier time (see `staffroll.restoring`)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from functools import partial
from typing import Any, TypeVar

from staffroll import clock, records
from staffroll.directory import Directory
from staffroll.following.here import Following
from staffroll.following.sync import make_handler
from staffroll.mongo.followed import OWNER
from staffroll.records import Record
from staffroll.restoring import Siblings, above, catch_up, patiently

OwnT = TypeVar("OwnT")

Mend = Callable[[Record[OwnT], datetime], OwnT]
"""The own part in step with what accounts has told meanwhile."""


def restore(
    here: Following[OwnT], siblings: Siblings, mend: Mend[OwnT] = lambda record, _: record.own
) -> Iterator[str]:
    """Hear of accounts what happened meanwhile, deletions among it; then tell everything again
    that this place owns, in versions above all that siblings have seen.

    Yields:
        What was done, in sentences.
    Raises:
        CouldNotAsk, Unavailable: It is to be begun again.
    """
    yield from catch_up(here.runtime, OWNER, make_handler(here))
    directory = Directory(here.runtime.platform)
    for tenant_id in sorted(directory.tenant_ids()):
        if directory.tenant_status(tenant_id) == "deleted":
            continue  # what is left of it goes by itself
        told, deleted = _restore_tenant(here, tenant_id, siblings, mend)
        yield f"{tenant_id}: {told} told again, {deleted} are deleted"


def _restore_tenant(
    here: Following[Any], tenant_id: str, siblings: Siblings, mend: Mend[Any]
) -> tuple[int, int]:
    store = here.store(tenant_id).records
    versions = dict(store.versions(here.place.name))
    known = siblings.known(tenant_id, versions)
    told = deleted = 0
    for id_ in list(store.all_ids()):
        seen = known.versions.get(id_, 0)
        record = patiently(partial(_raise, here, tenant_id, id_, seen, mend))
        if record is None:
            continue
        deleted += record.followed.is_deleted
        told += not record.followed.is_deleted
    return told, deleted


def _raise(
    here: Following[Any], tenant_id: str, id_: str, seen: int, mend: Mend[Any]
) -> Record[Any] | None:
    now = clock.now()
    store = here.store(tenant_id).records
    record = store.find(id_)
    if record is None or record.followed.is_deleted:
        return record
    decision = records.restored(
        record,
        mend(record, now),
        here.place,
        here.cause(tenant_id, now),
        sequence=above(record.sequence, seen) if record.sequence or seen else 0,
        revision=above(record.revision),
    )
    return store.save(record, decision, now)

"""What the consumer of a following service does besides hearing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from staffroll.bootstrap import Bootstrap
from staffroll.directory import Directory, purge_of
from staffroll.erasing import Erasing, Step, audit_settled
from staffroll.following.here import Following
from staffroll.following.sync import make_handler, say_erased, send_due_again
from staffroll.mongo.audit import AuditWriter
from staffroll.mongo.followed import OWNER
from staffroll.service import Chore


def following_chores(
    here: Following[Any], audited: Sequence[str] = (), erasing: Sequence[Step] = ()
) -> list[Chore]:
    """Catching up with accounts at the first start, and asking again what is not answered.

    Args:
        audited: Further collections in whose documents audit entries wait.
        erasing: What the place erases of deleted users besides their records.
    """
    collections = [here.form.collection, *audited]
    steps = [audit_settled(here.runtime, collections), *erasing]
    erasures = Erasing(
        here.runtime,
        here.form.collection,
        {"state": "deleted"},
        steps,
        lambda due: say_erased(due, here),
        Directory(here.runtime.platform).tenant_status,
    )
    bootstrap = Bootstrap(here.runtime, OWNER, make_handler(here))
    return [
        Chore("catching up with accounts", 1.0, bootstrap.run, bootstrap.close),
        Chore("sending unanswered wishes again", 1.0, send_due_again(here).run),
        Chore("erasing deleted tenants", 5.0, purge_of(here.runtime.platform).run),
        Chore(
            "writing the audit trail",
            1.0,
            AuditWriter(here.runtime.platform, collections).run,
        ),
        *erasures.chores(),
    ]

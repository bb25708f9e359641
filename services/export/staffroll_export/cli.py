"""Export as a process."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from staffroll.directory import purge_of
from staffroll.mongo.audit import AuditWriter
from staffroll.restoring import Siblings, catch_up
from staffroll.runtime import Runtime
from staffroll.service import Chore, Service
from staffroll_export import due
from staffroll_export.settings import ExportSettings
from staffroll_export.store import AUDITED, INDEXES, OUTBOXES
from staffroll_export.sync import OWNER, make_bootstrap, make_handler


def _chores(runtime: Runtime) -> Sequence[Chore]:
    bootstrap = make_bootstrap(runtime)
    return [
        Chore("catching up with accounts", 1.0, bootstrap.run, bootstrap.close),
        Chore("erasing deleted tenants", 5.0, purge_of(runtime.platform).run),
        Chore("writing the audit trail", 1.0, AuditWriter(runtime.platform, AUDITED).run),
        *due.erase_users(runtime).chores(),
        *due.making_chores(runtime),
    ]


def _restore(runtime: Runtime, _: Siblings) -> Iterator[str]:
    """All that export has follows accounts."""
    return catch_up(runtime, OWNER, make_handler(runtime))


service = Service(
    name="export",
    title="Export: user lists as files",
    mount="/export",
    port=8104,
    settings=ExportSettings,
    indexes=INDEXES,
    outboxes=OUTBOXES,
    app="staffroll_export.app:create_app",
    make_handler=make_handler,
    make_chores=_chores,
    restore=_restore,
)

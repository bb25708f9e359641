"""Whom a mass update is about: ids in numbered pieces, so that its job stays small."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from staffroll.jobs.job import PIECES_KEPT_FOR
from staffroll.mongo import Document, Index, TenantDatabase

TARGETS: Final = "mass_update_targets"

TARGET_INDEXES: Final = (
    Index(TARGETS, ["job_id"], "of_job"),
    Index(TARGETS, ["expires_at"], "expired", every_tenant=True, expire_seconds=0),
)


class Targets:
    """The chosen employees of one tenant's mass updates."""

    def __init__(self, database: TenantDatabase) -> None:
        self._pieces = database[TARGETS]

    def write(self, job_id: str, pieces: Sequence[Sequence[str]], now: datetime) -> None:
        """Keep the ids, as long as a job is kept at most."""
        documents: list[Document] = [
            {
                "_id": f"{job_id}:{n}",
                "job_id": job_id,
                "ids": list(ids),
                "expires_at": now + PIECES_KEPT_FOR,
            }
            for n, ids in enumerate(pieces)
        ]
        self._pieces.insert_many(documents)

    def read(self, job_id: str, n: int) -> list[str]:
        """The ids of piece `n`, counted from 0; none where it is gone."""
        document = self._pieces.find_one({"_id": f"{job_id}:{n}"})
        return [] if document is None else list(document["ids"])

    def forget(self, job_id: str) -> None:
        """Whatever there is."""
        self._pieces.delete_many({"job_id": job_id})

"""MongoDB: persons as documents, and their indexes."""

from __future__ import annotations

from dataclasses import asdict
from typing import Final

from staffroll import directory
from staffroll.mongo import Document
from staffroll.mongo.records import FollowingStore, Form
from staffroll_people.domain.persons import Profile

Store = FollowingStore[Profile]


def _from_document(document: Document) -> Profile:
    return Profile(**document)


FORM: Final = Form(collection="people", to_document=asdict, from_document=_from_document)

OUTBOXES: Final = (FORM.collection,)
INDEXES: Final = (*FORM.indexes, *directory.INDEXES)

"""Personal access tokens in MongoDB: in their owner's document, so that they end with it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict

from staffroll.mongo import Document
from staffroll.mongo.forms import known
from staffroll_accounts.domain.security import AccessToken


def to_documents(tokens: Iterable[AccessToken]) -> list[Document]:
    return [{**asdict(token), "scopes": list(token.scopes)} for token in tokens]


def from_documents(documents: Iterable[Document]) -> tuple[AccessToken, ...]:
    return tuple(
        AccessToken(**{**known(AccessToken, document), "scopes": tuple(document["scopes"])})
        for document in documents
    )

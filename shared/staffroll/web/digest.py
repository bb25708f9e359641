"""``/v1/digest``: what a service holds, cheaply, so that `staffroll check` can compare."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from marshmallow import Schema, fields, validate

from staffroll.errors import NotFound
from staffroll.mongo.digests import bucket_of, digest
from staffroll.scope import Scope
from staffroll.web.resource import Resource

Versions = Callable[[Scope[Any], str], Iterable[tuple[str, int]]]
"""Ids and versions of a tenant's humans, by the sequence of the named owner."""

Tombstones = Callable[[Scope[Any]], tuple[str | None, Iterable[str]]]
"""The tenant's status, and the ids of its users who are deleted."""


class BucketSchema(Schema):
    """How many ids end in these two digits, and a hash over ids and versions."""

    count = fields.Integer(required=True)
    hash = fields.String(required=True)


class DigestSchema(Schema):
    """All buckets that are not empty, by the last two hex digits of the ids."""

    buckets = fields.Dict(keys=fields.String(), values=fields.Nested(BucketSchema), required=True)


class TombstonesSchema(Schema):
    """What is deleted for ever, as far as was heard."""

    tenant_status = fields.String(
        required=True,
        allow_none=True,
        metadata={"description": "Of the tenant itself; null where nothing was heard of it."},
    )
    users = fields.List(fields.String(), required=True)


class BucketItemsSchema(Schema):
    """Every id of a bucket with its version."""

    items = fields.Dict(keys=fields.String(), values=fields.Integer(), required=True)


def digests(
    service: str, owners: Iterable[str], versions: Versions, tombstones: Tombstones
) -> Resource:
    """The routes of ``/v1/digest``.

    Args:
        owners: Whose sequences this service knows: its own, and those it follows.
    """
    bp = Resource("digest", __name__, description="For comparing services with each other.")

    class Query(Schema):
        """Whose sequence is asked for."""

        owner = fields.String(required=True, validate=validate.OneOf(list(owners)))

    @bp.get("/digest")
    @bp.needs(f"{service}.digest:read")
    @bp.asks(Query)
    @bp.answers(DigestSchema)
    def whole(query: dict[str, Any], scope: Scope[Any]) -> dict[str, Any]:
        """Counts and hashes of everything here."""
        return {"buckets": digest(versions(scope, query["owner"]))}

    @bp.get("/digest/<bucket:bucket>")
    @bp.needs(f"{service}.digest:read")
    @bp.asks(Query)
    @bp.answers(BucketItemsSchema, refuses=[NotFound])
    def one(query: dict[str, Any], bucket: str, scope: Scope[Any]) -> dict[str, Any]:
        """The ids and versions of one bucket."""
        found = versions(scope, query["owner"])
        return {"items": {id_: version for id_, version in found if bucket_of(id_) == bucket}}

    @bp.get("/digest/tombstones")
    @bp.needs(f"{service}.digest:read")
    @bp.answers(TombstonesSchema)
    def deleted(scope: Scope[Any]) -> dict[str, Any]:
        """What is deleted here, for who was restored from a backup and has yet to learn of it."""
        status, users = tombstones(scope)
        return {"tenant_status": status, "users": users}

    return bp

"""Signing keys in MongoDB: all in one document, private halves encrypted."""

from __future__ import annotations

import base64
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from joserfc.jwk import OKPKey
from pymongo.errors import DuplicateKeyError

from staffroll import clock
from staffroll.bus import Message
from staffroll.errors import Unavailable
from staffroll.events import PLATFORM_TENANT, Cause, Event, SigningKeys
from staffroll.ids import new_id
from staffroll.mongo import Document, Outbox, Platform
from staffroll.mongo.outbox import HAS_ROOM, entries, push
from staffroll.settings import SettingsWrong

COLLECTION: Final = "keys"

PUBLISHED_FIRST: Final = timedelta(seconds=10)
"""How long a new key is published before anything is signed with it."""

_ID: Final = "signing"
_TRIES: Final = 10
_SECRET_MIN_CHARACTERS: Final = 32
_LOCKED: Final = (
    "STAFFROLL_SECRET_KEY does not open the signing keys in this database: "
    "set the one they were made with, or put it second"
)


class SigningKeysLocked(Unavailable):
    """The secret key is not the one they were encrypted with; ``readyz`` says so in full."""

    code = "signing_keys_locked"
    wording = "Nobody can sign in at the moment: the service's settings must be mended first."


@dataclass(frozen=True, slots=True)
class SigningKey:
    """The private key that signs now."""

    id: str
    key: OKPKey


def cipher(secret: str) -> MultiFernet:
    """Encrypts with the first of the comma-separated secrets, decrypts with any.

    Raises:
        SettingsWrong: One is too short.
    """
    secrets = [part.strip() for part in secret.split(",")]
    if any(len(part) < _SECRET_MIN_CHARACTERS for part in secrets):
        raise SettingsWrong(
            f"STAFFROLL_SECRET_KEY needs at least {_SECRET_MIN_CHARACTERS} characters"
        )
    return MultiFernet([Fernet(_derive(part)) for part in secrets])


def _derive(secret: str) -> bytes:
    hkdf = HKDF(algorithm=hashes.SHA256(), length=32, salt=None, info=b"staffroll at rest")
    return base64.urlsafe_b64encode(hkdf.derive(secret.encode()))


class Keys:
    """The platform's signing keys."""

    def __init__(self, platform: Platform, outbox: Outbox, at_rest: MultiFernet) -> None:
        self._keys = platform[COLLECTION]
        self._outbox = outbox
        self._at_rest = at_rest

    def signing(self) -> SigningKey:
        """The newest key that siblings have had time to hear of.

        The first is made at the first call; safe when many processes start at once.
        """
        document = self._find() or self._create()
        known = clock.now() - PUBLISHED_FIRST
        keys = document["keys"]
        usable = [key for key in keys if key["created_at"] <= known] or keys[:1]
        newest = usable[-1]
        try:
            private = OKPKey.import_key(self._at_rest.decrypt(newest["private"]))
        except InvalidToken as error:
            raise SigningKeysLocked from error
        return SigningKey(newest["kid"], private)

    def rotate(self, *, at_once: bool = False, ahead: int = 1) -> str:
        """The id of a new key, published now; the private halves are encrypted anew.

        Args:
            at_once: The old ones are good no more, as when one has leaked; every access token
                is void, and sessions fetch new ones.
            ahead: How many versions are left out, for who was put back to an earlier time.
        Raises:
            Unavailable: Too many change the keys at this very moment.
        """
        new = self._new_key()
        if self._find() is None:
            self._create()

        def change(keys: list[Document]) -> list[Document]:
            kept = [] if at_once else keys
            sealed = [key | {"private": self._at_rest.rotate(key["private"])} for key in kept]
            return [*sealed, new]

        self._change(change, ahead)
        kid: str = new["kid"]
        return kid

    def drop_replaced_before(self, moment: datetime) -> None:
        """Forget keys whose successors were signing already at `moment`."""

        def change(keys: list[Document]) -> list[Document]:
            replaced_at = [key["created_at"] + PUBLISHED_FIRST for key in keys[1:]]
            old = sum(1 for since in replaced_at if since <= moment)
            return keys[old:]

        self._change(change)

    def _change(self, change: Callable[[list[Document]], list[Document]], ahead: int = 1) -> None:
        for _ in range(_TRIES):
            document = self._find()
            if document is None:
                return
            keys = change(document["keys"])
            if keys == document["keys"]:
                return
            changed = document | {"keys": keys, "version": document["version"] + ahead}
            messages = [Message.event(_told(changed, "system:accounts"))]
            update = push(messages, clock.now())
            update["$set"] = {"keys": keys, "version": changed["version"]}
            where = {
                "tenant_id": PLATFORM_TENANT,
                "_id": _ID,
                "version": document["version"],
                **HAS_ROOM,
            }
            if self._keys.update_one(where, update).matched_count:
                self._outbox.committed(COLLECTION, PLATFORM_TENANT, _ID, messages)
                return
        raise Unavailable

    def waits_for_secret(self) -> str | None:
        """For ``readyz``: why nobody can sign in, or None."""
        document = self._find()
        if document is None:
            return None
        try:
            self._at_rest.decrypt(document["keys"][-1]["private"])
        except InvalidToken:
            return _LOCKED
        return None

    def public(self) -> list[dict[str, Any]]:
        """All keys that tokens may be signed with, in JWK form."""
        document = self._find()
        return [] if document is None else [key["public"] for key in document["keys"]]

    def told(self, actor: str) -> Event | None:
        """The public keys as ``keys.updated``; None before the first key."""
        document = self._find()
        return None if document is None else _told(document, actor)

    def _find(self) -> Document | None:
        return self._keys.find_one({"tenant_id": PLATFORM_TENANT, "_id": _ID})

    def _create(self) -> Document:
        document: Document = {
            "_id": _ID,
            "tenant_id": PLATFORM_TENANT,
            "version": 1,
            "keys": [self._new_key()],
        }
        messages = [Message.event(_told(document, "system:accounts"))]
        document["outbox"] = entries(messages, clock.now())
        try:
            self._keys.insert_one(document)
        except DuplicateKeyError:
            found = self._find()
            if found is None:
                raise
            return found
        self._outbox.committed(COLLECTION, PLATFORM_TENANT, _ID, messages)
        return document

    def _new_key(self) -> Document:
        kid = new_id()
        key = OKPKey.generate_key("Ed25519", parameters={"kid": kid, "use": "sig"})
        return {
            "kid": kid,
            "public": dict(key.as_dict(private=False)),
            "private": self._at_rest.encrypt(key.as_pem(private=True)),
            "created_at": clock.now(),
        }


def _told(document: Document, actor: str) -> Event:
    cause = Cause("accounts", PLATFORM_TENANT, actor, clock.now())
    public: Sequence[dict[str, Any]] = [key["public"] for key in document["keys"]]
    return cause.event("keys.updated", _ID, document["version"], SigningKeys(keys=list(public)))
